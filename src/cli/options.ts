// The command line as data. One table says which options each command has; nothing is read from the environment here.

import { durationOf } from '../canary/durations.ts'
import type { Millis } from '../std/clock.ts'
import { BACKTEST_FLAGS, BACKTEST_USAGE, type BacktestOptions, backtestOptions } from './backtest-options.ts'
import { OVERVIEW } from './overview.ts'
import { REHEARSE_FLAGS, REHEARSE_USAGE, rehearseOptions, type RehearseOptions } from './rehearse-options.ts'
import { isRolloutCommand, readRolloutCommand, ROLLOUT_USAGE, type RolloutCommand, rolloutUsage } from './rollout-options.ts'

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
  /** auto: one of this machine is started where there is one. Otherwise the URL of one that scrapes this instance, or none. */
  readonly prometheus: 'auto' | 'off' | { readonly url: string }
  /** A Prometheus that built-in metrics and queries of Canaries are put to, and the gate's questions, instead of the mesh's own counts. */
  readonly metricsServer: string | undefined
  /** How often that one scrapes. */
  readonly metricsInterval: Millis
  /** A Canary may not use MetricTemplates of other namespaces. */
  readonly noCrossNamespaceRefs: boolean
  /** How requests are logged; off: only those of routes that ask for it. */
  readonly accessLog: 'off' | 'text' | 'json'
}

/** What `serin demo` was asked to do: as for up, but without a data directory of the user's it takes a temporary one. */
export interface DemoOptions extends Omit<UpOptions, 'dataDir'> {
  readonly dataDir: string | undefined
  readonly exit: 'at the end' | 'on Ctrl-C in a terminal'
}

/** What \`serin lint\` was asked to do; `failOn` is the least severity that makes the exit status 1. */
export interface LintOptions {
  readonly files: readonly string[]
  readonly failOn: 'error' | 'warning'
}

/** A command with its options, or what is wrong with the words. */
export type Command =
  | { readonly kind: 'up'; readonly options: UpOptions }
  | { readonly kind: 'demo'; readonly options: DemoOptions }
  | { readonly kind: 'lint'; readonly options: LintOptions }
  | RolloutCommand
  | { readonly kind: 'rehearse'; readonly options: RehearseOptions }
  | { readonly kind: 'convert'; readonly files: readonly string[] }
  | { readonly kind: 'backtest'; readonly options: BacktestOptions }
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string }

const UP_USAGE = `serin up [-f PATH]... [--data-dir DIR] [--config FILE] [--workers N]
         [--api-port N] [--http-port N] [--https-port N] [--admin-port N] [--mesh-port N]
         [--prometheus auto|off|URL] [--access-log text|json|off] [--metrics-server URL] [--metrics-interval TIME]
         [--no-cross-namespace-refs]
    Run the embedded mesh until SIGTERM. It prints its addresses, then "ready".
    -f PATH           manifests to apply first: a file, a folder (its YAML and JSON files), or - for standard input
    --data-dir DIR    where everything is kept (default .serin); kubeconfig and serin.json are written there
    --config FILE     settings, such as images: {"reviews:*": "serin/demo"} or limits: {idleTimeout: 10m}
    --workers N       processes of the data plane (default 1)
    --api-port N      Kubernetes API (default 7443)
    --http-port N     Gateways' port 80 (default 80, or 8080 where 80 cannot be had)
    --https-port N    Gateways' port 443: not served yet
    --admin-port N    /metrics, /healthz and /readyz, and Envoy's /stats (default 15000)
    --mesh-port N     proxy to the Services by name (default 15001)
    --prometheus HOW  auto: start one beside the mesh where the program is installed (default; on port 9090 or any free one);
                      off: none; or the URL of one that scrapes /metrics of the admin port
    --metrics-server URL
                      a Prometheus for the metrics of Canaries that name none, built-in ones included, and for the gate: it has Istio's
                      series of their callers (default: the mesh's own counts, and the Prometheus above for their queries)
    --metrics-interval TIME
                      how often that one scrapes, 1s to 30s (default 15s): the gate looks no more often
    --no-cross-namespace-refs
                      Canaries may not refer to MetricTemplates of other namespaces
    --access-log HOW  lines for each request, as Envoy writes them under Istio: text (default), json, or off. A pod's are shown by
                      kubectl logs POD -c istio-proxy; those of gateways are in DIR/access.log
    Port 0 means any free one. Exit status: 0 after SIGTERM; 1 when it cannot start or go on, and when the API refuses what -f names, said
    with file, line, object and field; 2 when the command line or a file it names cannot be used.
`

const DEMO_USAGE = `serin demo [--exit] [options of up]
    A shop on the mesh: a good release is promoted, a bad one rolled back, in about two minutes. In a terminal it then stays up until
    Ctrl-C; with --exit, or without a terminal, it ends with 0 when all went as it should. Its state is temporary, but for --data-dir.
    It starts no Prometheus unless told to.
`

const LINT_USAGE = `serin lint -f PATH... [--fail-on error|warning]
    Say what is wrong with Istio rules, by file and line. What they refer to must be among the files.
    -f PATH           a file, a folder (its YAML and JSON files), or - for standard input
    --fail-on LEVEL   the least severity that counts for the exit status (default error)
    Exit status: 0 when nothing that counts is wrong; 1 when something is; 2 when the command line or a file cannot be used.
`

const CONVERT_USAGE = `serin convert -f PATH...
    Argo's Rollouts as Canaries: Deployments, MetricTemplates and Canaries as YAML on standard output; on standard error, by file and line, what
    has no counterpart or means something else. AnalysisTemplates, Services, VirtualServices and autoscalers must be among the files.
    -f PATH           a file, a folder (its YAML and JSON files), or - for standard input
    Exit status: 0 when it is complete; 1 when something essential (checks, routes) could not be converted; 2 when the command line or a
    file cannot be used.
`

type Words = ReadonlyMap<string, readonly string[]>

const PORTS = ['--api-port', '--http-port', '--https-port', '--admin-port', '--mesh-port']
const UP_FLAGS = new Set([
  '-f',
  '--filename',
  '--data-dir',
  '--config',
  '--workers',
  '--prometheus',
  '--metrics-server',
  '--metrics-interval',
  '--access-log',
  ...PORTS
])
const UP_SWITCHES = ['--no-cross-namespace-refs']
const MAX_WORKERS = 64
// Istio's own Prometheus; and how often a gate may look.
const USUAL_SCRAPES: Millis = 15_000
const [SCRAPES_LEAST, SCRAPES_MOST]: readonly [Millis, Millis] = [1_000, 30_000]

interface CommandSpec {
  readonly usage: string
  readonly valued: ReadonlySet<string>
  readonly switches: ReadonlySet<string>
  readonly make: (flags: Words) => Command
}

const COMMANDS: Readonly<Record<string, CommandSpec>> = {
  backtest: { usage: BACKTEST_USAGE, valued: BACKTEST_FLAGS, switches: new Set(), make: backtestCommand },
  up: { usage: UP_USAGE, valued: UP_FLAGS, switches: new Set(UP_SWITCHES), make: upCommand },
  demo: { usage: DEMO_USAGE + UP_USAGE, valued: UP_FLAGS, switches: new Set(['--exit', ...UP_SWITCHES]), make: demoCommand },
  convert: { usage: CONVERT_USAGE, valued: new Set(['-f', '--filename']), switches: new Set(), make: convertCommand },
  rehearse: { usage: REHEARSE_USAGE, valued: REHEARSE_FLAGS, switches: new Set(), make: rehearseCommand },
  lint: { usage: LINT_USAGE, valued: new Set(['-f', '--filename', '--fail-on']), switches: new Set(), make: lintCommand }
}
const HELP = new Set(['--help', '-h'])

/** Reads the words after the program's name. */
export function readCommandLine(words: readonly string[]): Command {
  if (words[0] === AS_PLUGIN) return readPluginLine(words.slice(1))
  const [name = 'help', ...rest] = words
  if (isRolloutCommand(name)) return readRolloutCommand(name, rest, 'serin')
  if (Object.hasOwn(COMMANDS, name)) return readWords(name, rest)
  switch (name) {
    case 'version':
    case '--version':
      return rest.length === 0 ? { kind: 'version' } : { kind: 'wrong', message: `"${rest[0]}" is not an option of this command` }
    case 'help':
    case '--help':
    case '-h': {
      const [topic] = rest
      const text = topic === undefined ? OVERVIEW : usageOf(topic)
      return text === undefined ? unknownCommand(topic ?? '') : { kind: 'help', text }
    }
    default:
      return unknownCommand(name)
  }
}

/** What `serin help COMMAND` says; undefined for what is none, or has nothing to say. */
export function usageOf(command: string): string | undefined {
  return (Object.hasOwn(COMMANDS, command) ? COMMANDS[command]?.usage : undefined) ?? rolloutUsage(command)
}

function unknownCommand(name: string): Command {
  return {
    kind: 'wrong',
    message: `"${name}" is not a command: use up, demo, lint, rehearse, backtest, convert, status, history, promote, pause, resume, abort, retry, restart, version or help`
  }
}

/** The first word that bin/kubectl-serin adds. */
const AS_PLUGIN = '--as-kubectl-plugin'

// kubectl hands the words after its own name on, options first too: `kubectl serin -n shop status api`.
function readPluginLine(words: readonly string[]): Command {
  const at = words.findIndex(
    (word, index) => !word.startsWith('-') && !['-n', '--namespace', '--context', '--kubeconfig'].includes(words[index - 1] ?? '')
  )
  const name = words[at] ?? 'help'
  if (isRolloutCommand(name)) return readRolloutCommand(name, words.toSpliced(at, 1), 'kubectl')
  if (name === 'version') return { kind: 'version' }
  const usage = rolloutUsage(words[at + 1] ?? '') ?? ROLLOUT_USAGE
  return name === 'help' ? { kind: 'help', text: usage } : { kind: 'wrong', message: `"${name}" is not a command of kubectl serin` }
}

function readWords(name: string, words: readonly string[]): Command {
  const spec = COMMANDS[name]
  if (spec === undefined || words.some((word) => HELP.has(word))) return { kind: 'help', text: spec?.usage ?? OVERVIEW }
  const flags = new Map<string, string[]>()
  const left = [...words]
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const flag = split(word)
    const isSwitch = spec.switches.has(flag.name) && flag.value === undefined
    if (!isSwitch && !spec.valued.has(flag.name)) return { kind: 'wrong', message: notAnOption(name, word) }
    const value = isSwitch ? 'true' : (flag.value ?? following(left.shift()))
    if (value === '') return { kind: 'wrong', message: `${flag.name} needs a value` }
    add(flags, flag.name, value)
  }
  return spec.make(flags)
}

function add(flags: Map<string, string[]>, name: string, value: string): void {
  flags.set(name, [...(flags.get(name) ?? []), value])
}

/** The word after an option as its value; '' when it is an option itself. `-` alone is standard input. */
function following(word = ''): string {
  return isOption(word) ? '' : word
}

/** `--name=value`, and as kubectl takes it `-f=value` and `-fvalue`. */
function split(word: string): { readonly name: string; readonly value: string | undefined } {
  const short = /^(-[fo])=?(.+)$/s.exec(word)
  if (short !== null) return { name: short[1] ?? '', value: short[2] }
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at === -1 ? { name: word, value: undefined } : { name: word.slice(0, at), value: word.slice(at + 1) }
}

function isOption(word: string): boolean {
  return word.startsWith('-') && word !== '-'
}

function notAnOption(command: string, word: string): string {
  return isOption(word) ? `"${word}" is not an option of serin ${command}` : `serin ${command} takes no "${word}": name files with -f`
}

function upCommand(flags: Words): Command {
  const options = upOptions(flags)
  return typeof options === 'string' ? { kind: 'wrong', message: options } : { kind: 'up', options }
}

function demoCommand(flags: Words): Command {
  const options = upOptions(flags)
  if (typeof options === 'string') return { kind: 'wrong', message: options }
  const exit = flags.has('--exit') ? 'at the end' : 'on Ctrl-C in a terminal'
  const prometheus = flags.has('--prometheus') ? options.prometheus : 'off'
  return { kind: 'demo', options: { ...options, prometheus, dataDir: flags.get('--data-dir')?.at(-1), exit } }
}

function rehearseCommand(flags: Words): Command {
  const options = rehearseOptions(flags)
  return typeof options === 'string' ? { kind: 'wrong', message: options } : { kind: 'rehearse', options }
}

function backtestCommand(flags: Words): Command {
  const options = backtestOptions(flags)
  return typeof options === 'string' ? { kind: 'wrong', message: options } : { kind: 'backtest', options }
}

function convertCommand(flags: Words): Command {
  const files = filesOf(flags)
  return files.length === 0 ? { kind: 'wrong', message: 'convert needs at least one -f PATH' } : { kind: 'convert', files }
}

function lintCommand(flags: Words): Command {
  const files = filesOf(flags)
  const failOn = flags.get('--fail-on')?.at(-1) ?? 'error'
  if (files.length === 0) return { kind: 'wrong', message: 'lint needs at least one -f PATH' }
  if (failOn !== 'error' && failOn !== 'warning') return { kind: 'wrong', message: `--fail-on must be error or warning, not "${failOn}"` }
  return { kind: 'lint', options: { files, failOn } }
}

function upOptions(flags: Words): UpOptions | string {
  const last = (name: string): string | undefined => flags.get(name)?.at(-1)
  for (const name of PORTS) {
    const text = last(name)
    if (text !== undefined && !isWhole(text, 0, 65_535)) return `${name} must be a port number from 0 to 65535, not "${text}"`
  }
  const workers = last('--workers') ?? '1'
  if (!isWhole(workers, 1, MAX_WORKERS)) return `--workers must be 1 to ${MAX_WORKERS}, not "${workers}"`
  const prometheus = prometheusOf(last('--prometheus') ?? 'auto')
  if (prometheus === undefined)
    return `--prometheus must be auto, off or a URL such as http://127.0.0.1:9090, not "${last('--prometheus')}"`
  const metrics = metricOptions(flags)
  if (typeof metrics === 'string') return metrics
  const accessLog = last('--access-log') ?? 'text'
  if (!isLogWord(accessLog)) return `--access-log must be text, json or off, not "${accessLog}"`
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
    meshPort: port('--mesh-port'),
    prometheus,
    ...metrics,
    accessLog
  }
}

function metricOptions(flags: Words): Pick<UpOptions, 'metricsServer' | 'metricsInterval' | 'noCrossNamespaceRefs'> | string {
  const word = flags.get('--metrics-server')?.at(-1)
  const metricsServer = word === undefined ? undefined : httpUrl(word)
  if (word !== metricsServer && metricsServer === undefined)
    return `--metrics-server must be a URL such as http://127.0.0.1:9090, not "${word}"`
  const interval = flags.get('--metrics-interval')?.at(-1)
  if (interval !== undefined && metricsServer === undefined) return '--metrics-interval is for --metrics-server, which is not there'
  const metricsInterval = interval === undefined ? USUAL_SCRAPES : durationOf(interval)
  if (metricsInterval === undefined || metricsInterval < SCRAPES_LEAST || metricsInterval > SCRAPES_MOST)
    return `--metrics-interval must be a duration from 1s to 30s, not "${interval}"`
  return { metricsServer, metricsInterval, noCrossNamespaceRefs: flags.has('--no-cross-namespace-refs') }
}

function isLogWord(word: string): word is UpOptions['accessLog'] {
  return word === 'off' || word === 'text' || word === 'json'
}

function prometheusOf(word: string): UpOptions['prometheus'] | undefined {
  if (word === 'auto' || word === 'off') return word
  const url = httpUrl(word)
  return url === undefined ? undefined : { url }
}

function httpUrl(word: string): string | undefined {
  const url = URL.parse(word)
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url.href.replace(/\/$/, '') : undefined
}

function filesOf(flags: Words): string[] {
  return [...(flags.get('-f') ?? []), ...(flags.get('--filename') ?? [])]
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max
}
