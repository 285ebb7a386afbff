// npm run build: JavaScript for the published package, in dist/.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { developmentNode, ensurePackages, root } from './setup.mjs'

ensurePackages()
rmSync(join(root, 'dist'), { recursive: true, force: true })
const done = spawnSync(developmentNode(), [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit'
})
if (done.status !== 0) process.exit(done.status ?? 1)
// Loaded into pods as it is, so the compiler does not see it.
cpSync(join(root, 'src', 'kubelet', 'rebind.cjs'), join(root, 'dist', 'kubelet', 'rebind.cjs'))
