// run.mjs FILE [ARG...]: set up, then run a TypeScript file of this checkout with the development Node, handing on signals. It ends when
// whoever started it is gone: npm, asked to stop, ends at once and tells nobody.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { developmentNode, ensurePackages, root } from './setup.mjs'

export function run(file, args) {
  // As in bin/serin: stripped and compiled TypeScript is kept.
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'serin'), ...process.env }
  // The ipc channel lets the program notice when this starter is killed.
  const child = spawn(developmentNode(), [join(root, file), ...args], {
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc']
  })
  // As in bin/serin: as another signal than the terminal's, which both get.
  const passedOn = { SIGINT: 'SIGTERM', SIGTERM: 'SIGINT', SIGHUP: 'SIGTERM' }
  for (const [signal, as] of Object.entries(passedOn)) process.on(signal, () => child.kill(as))
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 500)
  watch.unref()
  // As in bin/serin: the status it has told of, where a signal passed on too late kills what has ended by itself.
  let told
  child.on('message', (status) => (told = status))
  const end = (code, signal) => {
    // As in bin/serin: a demo that is killed cannot give the terminal back.
    if (signal && args[0] === 'demo' && process.stdout.isTTY) process.stdout.write('\x1b[?7h\x1b[?25h\x1b[?1049l')
    process.exit(code ?? told ?? 1)
  }
  child.on('exit', (code, signal) => (child.connected ? child.once('disconnect', () => end(code, signal)) : end(code, signal)))
}

if (process.argv[1] && process.argv[1].endsWith('run.mjs')) {
  ensurePackages()
  const [file, ...args] = process.argv.slice(2)
  run(file, args)
}
