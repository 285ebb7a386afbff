// Real instances for end-to-end tests: `bin/serin up` as a child process on free loopback ports with a data folder of its own. Every test
// stops what it starts.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ran, run, until } from './run.ts'

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** What to start: manifests for `-f`, the text of a `--config` file, a data folder to take over, more words of the command line. */
export interface SerinOptions {
  readonly files?: readonly string[]
  readonly config?: string
  readonly dir?: string
  readonly args?: readonly string[]
  /** Its PATH. A Prometheus that is found there is started; without this none is. */
  readonly path?: string
  /** In a process group of its own, as a shell starts it. */
  readonly group?: true
}

/** URLs as `serin.json` gives them. */
export interface SerinAddresses {
  readonly api: string
  readonly http: string
  readonly admin: string
  readonly mesh: string
  readonly prometheus?: string
}

/** A command for kubectl: text for its standard input, another kubectl than the first on the PATH, more environment. */
export interface KubectlOptions {
  readonly input?: string
  readonly program?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A running `serin up`. */
export interface Serin {
  readonly dir: string
  readonly addresses: SerinAddresses
  /** Of the serving process, not of its starter. */
  readonly pid: number
  readonly child: ChildProcess
  /** For programs that use kubectl: its configuration, and a home of their own. */
  readonly environment: NodeJS.ProcessEnv
  /** Lines on standard output and standard error so far. */
  readonly lines: readonly string[]
  /** Resolves with the first line that has `text` in it, also one that is still on its way: what the API shows may be ahead of a pipe. */
  said(text: string): Promise<string>
  /** Runs kubectl on this instance, with a cache of its own. Never rejects for a failing command: look at `code`. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Ran>
  /** SIGTERM; resolves with the exit code. The data folder stays when it was given. */
  stop(): Promise<number | null>
}

const ALONE = ['--prometheus', 'off']
const PORTS = ['--api-port', '0', '--http-port', '0', '--admin-port', '0', '--mesh-port', '0']

/** Starts an instance and waits for its line `ready`. Rejects with all it printed when it ends before. */
export async function startSerin(options: SerinOptions = {}): Promise<Serin> {
  // What is not Serin's lies beside its data folder: it refuses a folder that is not empty and not its own.
  const home = mkdtempSync(join(tmpdir(), 'serin-e2e-'))
  const dir = options.dir ?? join(home, 'data')
  const words = ['up', '--data-dir', dir, ...PORTS, ...(options.path === undefined ? ALONE : [])]
  if (options.config !== undefined) {
    const file = join(home, 'serin.yaml')
    writeFileSync(file, options.config)
    words.push('--config', file)
  }
  for (const file of options.files ?? []) words.push('-f', file)
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'serin'), ...words, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) },
    detached: options.group === true
  })
  const lines: string[] = []
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  // One that is killed is not asked to stop; its data is elsewhere then, and all else can go.
  if (options.dir !== undefined) child.once('exit', () => rmSync(home, { recursive: true, force: true }))
  await untilReady(child, lines)
  // written by Serin itself just before `ready`
  const addresses = JSON.parse(readFileSync(join(dir, 'serin.json'), 'utf8')) as SerinAddresses & { pid: number }
  const environment = { ...process.env, KUBECONFIG: join(dir, 'kubeconfig'), HOME: home, KUBECACHEDIR: join(home, 'kubectl-cache') }
  return {
    dir,
    addresses,
    pid: addresses.pid,
    child,
    environment,
    lines,
    said: (text) => until(`the line ${text}`, () => lines.find((line) => line.includes(text))),
    kubectl: (args, { input, program = 'kubectl', env = {} } = {}) =>
      run(program, ['--cache-dir', join(home, 'kubectl-cache'), ...args], {
        env: { ...environment, ...env },
        ...(input === undefined ? {} : { input })
      }),
    stop: async () => {
      child.kill('SIGTERM')
      const code = await exit
      rmSync(home, { recursive: true, force: true })
      return code
    }
  }
}

function untilReady(child: ChildProcess, lines: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n')
        rest = parts.pop() ?? ''
        lines.push(...parts)
        if (parts.includes('ready')) resolve()
      })
    }
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`serin up ended with ${code} before it was ready:\n${lines.join('\n')}`)))
  })
}
