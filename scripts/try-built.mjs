// try-built.mjs: starts the built program (dist/) with the Node that runs this, asks both of its doors something and stops it. For releases of
// Node that do not strip types: the suites cannot run there.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './setup.mjs'

const dir = mkdtempSync(join(tmpdir(), 'serin-built-'))
const ports = ['--api-port', '0', '--http-port', '0', '--admin-port', '0', '--mesh-port', '0']
const words = [join(root, 'dist', 'cli', 'main.js'), 'up', '--data-dir', dir, '--prometheus', 'off', ...ports]
const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
let said = ''

function ready() {
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (bytes) => (said += bytes))
    child.stdout.on('data', (bytes) => {
      said += bytes
      if (said.split('\n').includes('ready')) resolve()
    })
    child.on('exit', (code) => reject(new Error(`it ended with ${code} before it was ready: ${said}`)))
  })
}

async function ask(url, status, text) {
  const answer = await fetch(url)
  const body = await answer.text()
  if (answer.status !== status || !text.test(body)) throw new Error(`${url}: ${answer.status} ${body.slice(0, 200)}`)
}

let failure
const giveUp = setTimeout(() => child.kill('SIGKILL'), 60_000)
try {
  await ready()
  if (said.includes('read from callers by events')) throw new Error('workers cannot read into their own buffers')
  const { http, admin } = JSON.parse(readFileSync(join(dir, 'serin.json'), 'utf8'))
  await ask(http, 404, /^$/)
  await ask(`${admin}/readyz`, 200, /ok/i)
  await ask(`${admin}/stats?filter=downstream_rq_4xx`, 200, /downstream_rq_4xx: 1/)
} catch (error) {
  failure = error
}
clearTimeout(giveUp)
child.removeAllListeners('exit')
const code = await new Promise((resolve) => {
  if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode)
  child.once('exit', resolve)
  child.kill('SIGTERM')
})
rmSync(dir, { recursive: true, force: true })
if (failure === undefined && code !== 0) failure = new Error(`it ended with ${code}`)
if (failure === undefined) console.log(`the built program runs on Node ${process.versions.node}`)
else console.error(`the built program does not run on Node ${process.versions.node}: ${failure.message}\n${said}`)
process.exit(failure === undefined ? 0 : 1)
