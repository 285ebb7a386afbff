// run.mjs FILE [ARG...]: set up, then run a TypeScript file of this checkout with the development Node, handing on signals.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { developmentNode, ensurePackages, root } from './setup.mjs'

export function run(file, args) {
  const child = spawn(developmentNode(), [join(root, file), ...args], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}

if (process.argv[1] && process.argv[1].endsWith('run.mjs')) {
  ensurePackages()
  const [file, ...args] = process.argv.slice(2)
  run(file, args)
}
