// npm run test:long [-- FILTER...]: set up, then the suites in test/long, which take minutes; without a filter other releases of Node too.
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { developmentNode, ensurePackages, root } from './setup.mjs'
import { testNodes } from './test-nodes.mjs'

ensurePackages()
const path = [dirname(developmentNode()), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
const words = process.argv.slice(2)
const { status } = spawnSync('vitest', ['run', '--config', 'vitest.long.config.ts', ...words], {
  cwd: root,
  env: { ...process.env, PATH: path },
  stdio: 'inherit'
})
const others = words.length === 0 ? testNodes([]) : 0
process.exit((status ?? 1) || others)
