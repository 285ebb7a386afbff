// npm run build: JavaScript for the published package, in dist/.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { developmentNode, ensurePackages, root } from './setup.mjs'

ensurePackages()
rmSync(join(root, 'dist'), { recursive: true, force: true })
const done = spawnSync(developmentNode(), [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit'
})
process.exit(done.status ?? 1)
