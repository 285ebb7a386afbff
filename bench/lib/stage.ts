// What a bench started and must take down again, however it ends: processes pinned to cores, a scratch folder, whatever else it names.
// The proxy has core 0 for itself; the generator and the backend share core 1, or have one each where the machine has more.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { ENVIRONMENT } from './programs.ts'

/** Which core a process runs on. */
export type Role = 'proxy' | 'proxies' | 'load' | 'backend' | 'any'

/** Cores that this process may use, before it is pinned itself: a container may have few of a machine's. */
export const CORE_COUNT = availableParallelism()
/** The cores of each role, as taskset takes them. */
export const CORES: Readonly<Record<Role, string>> = {
  proxy: '0',
  // Two workers, where the machine has cores for them beside generator and backend.
  proxies: CORE_COUNT > 3 ? `0,3-${CORE_COUNT - 1}` : '0',
  load: '1',
  backend: CORE_COUNT > 2 ? '2' : '1',
  any: `0-${CORE_COUNT - 1}`
}
const UP_MS = 10_000
const SAID_MAX = 4000
// A process whose bench was killed outright is ended by the kernel.
const WITH_PARENT = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'TERM'] : []

/** Words of taskset before a command that is to have the core of its role. */
export function onCore(role: Role): string[] {
  return ['-c', CORES[role]]
}

/** Pins all threads of a running process to the core of its role. */
export function pin(role: Role, pid: number): void {
  const done = spawnSync('taskset', ['-a', '-c', '-p', CORES[role], String(pid)], { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`taskset cannot pin process ${pid}: ${done.stderr ?? String(done.error)}`)
}

/** Owns what it started. */
export class Stage {
  readonly folder: string
  readonly #children: ChildProcess[] = []
  readonly #ends: (() => unknown)[] = []
  #said = ''
  readonly #onExit = (): void => this.#kill()

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'serin-bench-'))
    // Servers that root starts may read as another user.
    chmodSync(this.folder, 0o755)
    process.once('exit', this.#onExit)
  }

  /** Starts a program of the role's core; Gives its process id. */
  start(role: Role, command: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): number {
    const [first = '', ...rest] = [...WITH_PARENT, 'taskset', ...onCore(role), command, ...words]
    const child = spawn(first, rest, { env: { ...ENVIRONMENT, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-SAID_MAX)))
    if (child.pid === undefined) throw new Error(`${command} cannot be started`)
    return child.pid
  }

  /** Writes a file into the scratch folder; gives its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** The last of what the programs said on standard error. */
  get said(): string {
    return this.#said
  }

  /** Called when the stage is taken down, last named first. */
  atEnd(act: () => unknown): void {
    this.#ends.push(act)
  }

  async end(): Promise<void> {
    process.off('exit', this.#onExit)
    for (const act of this.#ends.splice(0).toReversed()) await act()
    const gone = this.#children.filter((child) => child.exitCode === null && child.signalCode === null).map(exitOf)
    this.#kill()
    await Promise.race([Promise.all(gone), new Promise((resolve) => setTimeout(resolve, 3000))])
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #kill(): void {
    for (const child of this.#children) child.kill('SIGTERM')
  }
}

const exitOf = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once('exit', () => resolve()))

/** Does something on a stage that is taken down afterwards, also when the bench is told to stop. */
export async function onStage<T>(act: (stage: Stage) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') throw new Error('benches pin processes and count their CPU time as Linux does it: they need Linux')
  const stage = new Stage()
  let told = false
  const stop = (): void => {
    told = true
    void stage.end().then(() => process.exit(130))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  // This process makes load, and must not disturb the proxy.
  pin('load', process.pid)
  try {
    return await act(stage)
  } catch (error) {
    if (!told && stage.said !== '') console.error(stage.said.trimEnd())
    throw error
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop)
    await stage.end()
  }
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Resolves when 127.0.0.1:`port` answers a GET of `path` with 200. */
export async function untilAnswered(port: number, path: string, host = `127.0.0.1:${port}`): Promise<void> {
  const end = performance.now() + UP_MS
  let last: number | string = ''
  while (performance.now() < end) {
    last = await statusOf(port, path, host)
    if (last === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`port ${port} does not answer with 200 after ${UP_MS / 1000} s, but with ${last}`)
}

// The status, or why there is none.
function statusOf(port: number, path: string, host: string): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      response.resume().on('close', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', (error) => resolve(error.message))
  })
}
