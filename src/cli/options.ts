// The command line as data. One table says which options each command has; nothing is read from the environment here.

/** What `serin up` (and the demo on top of it) was asked to do. */
export interface UpOptions {
  readonly files: readonly string[]
  readonly dataDir: string
  readonly config: string | undefined
  readonly workers: number
  /** undefined: the default port of each listener; 0: any free one. */
  readonly apiPort: number | undefined
  readonly httpPort: number | undefined
  readonly httpsPort: number | undefined
  readonly adminPort: number | undefined
  readonly meshPort: number | undefined
}

/** What `serin demo` was asked to do: as for up, but without a data directory of the user's it takes a temporary one. */
export interface DemoOptions extends Omit<UpOptions, 'dataDir'> {
  readonly dataDir: string | undefined
  readonly exit: 'at the end' | 'on Ctrl-C in a terminal'
}

/** A command with its options, or what is wrong with the words. */
export type Command =
  | { readonly kind: 'up'; readonly options: UpOptions }
  | { readonly kind: 'demo'; readonly options: DemoOptions }
  | { readonly kind: 'lint'; readonly files: readonly string[] }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }

export const USAGE = `serin up [-f PATH]... [--data-dir DIR] [--config FILE] [--workers N]
         [--api-port N] [--http-port N] [--https-port N] [--admin-port N] [--mesh-port N]
    Run the embedded mesh until SIGTERM. Port 0 means any free one.
serin demo [--exit] [options of up]
    A shop on the mesh: a good release is promoted, a bad one rolled back, in about two minutes. In a terminal it then stays up until
    Ctrl-C; with --exit, or without a terminal, it ends with 0 when all went as it should. Its state is temporary, but for --data-dir.
serin lint -f PATH...
    Say what is wrong with Istio rules; exit status 1 when something is.
serin version | help
`

type Words = ReadonlyMap<string, readonly string[]>

const PORTS = ['--api-port', '--http-port', '--https-port', '--admin-port', '--mesh-port']
const UP_FLAGS = new Set(['-f', '--filename', '--data-dir', '--config', '--workers', ...PORTS])
const MAX_WORKERS = 64

/** Reads the words after the program's name. */
export function readCommandLine(words: readonly string[]): Command {
  const [name = 'help', ...rest] = words
  switch (name) {
    case 'up':
      return withFlags(rest, UP_FLAGS, new Set(), upCommand)
    case 'demo':
      return withFlags(rest, UP_FLAGS, new Set(['--exit']), demoCommand)
    case 'lint':
      return withFlags(rest, new Set(['-f', '--filename']), new Set(), lintCommand)
    case 'version':
    case '--version':
      return { kind: 'version' }
    case 'help':
    case '--help':
    case '-h':
      return { kind: 'help' }
    default:
      return { kind: 'wrong', message: `"${name}" is not a command: use up, demo, lint, version or help` }
  }
}

function withFlags(
  words: readonly string[],
  valued: ReadonlySet<string>,
  switches: ReadonlySet<string>,
  make: (flags: Words) => Command
): Command {
  const flags = new Map<string, string[]>()
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const at = word.startsWith('--') ? word.indexOf('=') : -1
    const name = at === -1 ? word : word.slice(0, at)
    if (switches.has(name) && at === -1) {
      flags.set(name, ['true'])
      continue
    }
    if (!valued.has(name)) return { kind: 'wrong', message: `"${word}" is not an option of this command` }
    const value = at === -1 ? words[++index] : word.slice(at + 1)
    if (value === undefined || value === '') return { kind: 'wrong', message: `${name} needs a value` }
    flags.set(name, [...(flags.get(name) ?? []), value])
  }
  return make(flags)
}

function upCommand(flags: Words): Command {
  const options = upOptions(flags)
  return typeof options === 'string' ? { kind: 'wrong', message: options } : { kind: 'up', options }
}

function demoCommand(flags: Words): Command {
  const options = upOptions(flags)
  if (typeof options === 'string') return { kind: 'wrong', message: options }
  const exit = flags.has('--exit') ? 'at the end' : 'on Ctrl-C in a terminal'
  return { kind: 'demo', options: { ...options, dataDir: flags.get('--data-dir')?.at(-1), exit } }
}

function lintCommand(flags: Words): Command {
  const files = filesOf(flags)
  return files.length === 0 ? { kind: 'wrong', message: 'lint needs at least one -f PATH' } : { kind: 'lint', files }
}

function upOptions(flags: Words): UpOptions | string {
  const last = (name: string): string | undefined => flags.get(name)?.at(-1)
  for (const name of PORTS) {
    const text = last(name)
    if (text !== undefined && !isWhole(text, 0, 65_535)) return `${name} must be a port number from 0 to 65535, not "${text}"`
  }
  const workers = last('--workers') ?? '1'
  if (!isWhole(workers, 1, MAX_WORKERS)) return `--workers must be 1 to ${MAX_WORKERS}, not "${workers}"`
  const port = (name: string): number | undefined => (last(name) === undefined ? undefined : Number(last(name)))
  return {
    files: filesOf(flags),
    dataDir: last('--data-dir') ?? '.serin',
    config: last('--config'),
    workers: Number(workers),
    apiPort: port('--api-port'),
    httpPort: port('--http-port'),
    httpsPort: port('--https-port'),
    adminPort: port('--admin-port'),
    meshPort: port('--mesh-port')
  }
}

function filesOf(flags: Words): string[] {
  return [...(flags.get('-f') ?? []), ...(flags.get('--filename') ?? [])]
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max
}
