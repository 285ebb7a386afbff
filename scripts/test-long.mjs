// npm run test:long [-- FILTER...]: set up, then the suites in test/long, which take minutes.
import { spawnSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { developmentNode, ensurePackages, root } from './setup.mjs'

ensurePackages()
const path = [dirname(developmentNode()), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
const { status } = spawnSync('vitest', ['run', '--config', 'vitest.long.config.ts', ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, PATH: path },
  stdio: 'inherit'
})
process.exit(status ?? 1)
