// The command line of the verbs of a rollout: status, history, promote, pause, resume, abort, retry, restart; kubectl's flags with kubectl's spellings.

import { durationOf } from '../canary/durations.ts'
import type { Millis } from '../std/clock.ts'

/** How the cluster is found. */
export interface ClusterOptions {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  /** undefined: that of the context. */
  readonly namespace: string | undefined
  /** all: every namespace. */
  readonly scope: 'one' | 'all'
  /** kubectl: its own files and no other; serin: `./.serin/kubeconfig` first. */
  readonly defaults: 'kubectl' | 'serin'
}

/** What `serin status` was asked to do. */
export interface StatusOptions extends ClusterOptions {
  /** undefined: all Canaries. */
  readonly name: string | undefined
  readonly mode: 'once' | 'watch'
  /** With `--exit` the exit status tells how the rollout stands, and a watch ends when the rollout does. */
  readonly exit: 'no' | 'at the end' | 'at the end or an approval'
  /** svg: the evidence chart alone. */
  readonly output: 'text' | 'wide' | 'json' | 'yaml' | 'svg'
  readonly timeout: Millis | undefined
}

/** What `serin history` was asked to show. */
export interface HistoryOptions extends ClusterOptions {
  readonly name: string
  readonly output: Exclude<StatusOptions['output'], 'svg'>
}

export type Verb = 'promote' | 'pause' | 'resume' | 'abort' | 'retry' | 'restart'

/** What a verb was asked to do; `timeout` 0: not to wait for the controller. */
export interface VerbOptions extends ClusterOptions {
  readonly verb: Verb
  readonly name: string
  readonly timeout: Millis
  /** How long the request holds; undefined: until it was acted on or taken back. */
  readonly holds: Millis | undefined
}

/** A command of a rollout, or what is wrong with its words. */
export type RolloutCommand =
  | { readonly kind: 'status'; readonly options: StatusOptions }
  | { readonly kind: 'history'; readonly options: HistoryOptions }
  | { readonly kind: 'verb'; readonly options: VerbOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string }

const CLUSTER_USAGE = `    -n, --namespace NS    default: that of the kubeconfig's context
    --context NAME        default: the current context
    --kubeconfig FILE     default: KUBECONFIG, else ./.serin/kubeconfig, else ~/.kube/config, else the service account of a pod
                          (as kubectl serin: what kubectl takes)
`

const STATUS_USAGE = `serin status [NAME] [-n NS | -A] [--watch] [--exit] [--exit-on-approval] [--timeout DURATION] [-o json|yaml|wide|svg]
    How a Canary stands, or all of them. kubectl serin status is the same.
    -w, --watch           go on until Ctrl-C; with --exit until the rollout ends. Not in a terminal it prints a line per change
    --exit                the exit status says how the rollout stands
    --exit-on-approval    as --exit, and end when somebody is waited for: an approval, or a pause
    --timeout DURATION    end a watch after, e.g., 30m (exit status 4)
    -o FORMAT             wide: more columns; json or yaml: the same facts for programs; svg: the evidence chart as a picture
    -A, --all-namespaces  all Canaries
${CLUSTER_USAGE}    Exit status with --exit: 0 succeeded, initialised or withdrawn; 3 rolled back, or its promotion failed; 4 timed out; 5 waiting for
    somebody; 8 still running (without --watch). Always: 0 shown; 1 the API refuses it; 2 wrong command line or kubeconfig; 6 no such
    Canary; 7 the API cannot be reached.
`

const HISTORY_USAGE = `serin history NAME [-n NS] [-o json|yaml|wide]
    What became of the last ten revisions of a Canary (its Releases, as kubectl get releases shows them), the latest last.
    -o FORMAT             wide: revision and plan too; json or yaml: with the checks, for programs
${CLUSTER_USAGE}    Exit status: 0 shown; 1 the API refuses it; 2 wrong command line or kubeconfig; 6 no such Canary; 7 the API cannot be reached.
`

const VERB_TEXTS: Readonly<Record<Verb, string>> = {
  promote: `Skip what is left of the analysis, gates too, and promote the running revision; resumes a paused one. Never a canary without ready
    pods: it waits for them.`,
  pause: `Hold the running rollout at its step. Checks and rollback go on, only advancing stops; spec.suspend freezes them as well.`,
  resume: `Take a pause back: the rollout goes on at its next look.`,
  abort: `Roll the running revision back to the primary, at once; what a promotion has overwritten of it is restored.`,
  retry: `Take a failed revision up again, from the start, gates included.`,
  restart: `Begin the running analysis again from its first step.`
}

const HOLDS_TEXTS = {
  promote: 'an approval that was not acted on by then, e.g. 8h, is void',
  pause: 'the pause ends by itself after, e.g., 30m'
}

function holdsFor(verb: Verb): verb is keyof typeof HOLDS_TEXTS {
  return Object.hasOwn(HOLDS_TEXTS, verb)
}

/** The verbs, in the order of the help. */
export const VERBS = Object.keys(VERB_TEXTS) as readonly Verb[]

/** Help of one command. */
export function rolloutUsage(name: string): string | undefined {
  if (name === 'status') return STATUS_USAGE
  if (name === 'history') return HISTORY_USAGE
  return isVerb(name) ? verbUsage(name) : undefined
}

function verbUsage(verb: Verb): string {
  const holds = holdsFor(verb) ? ['[--for DURATION] ', `    --for DURATION        ${HOLDS_TEXTS[verb]}\n`] : ['', '']
  return `serin ${verb} NAME [-n NS] ${holds[0]}[--timeout DURATION]
    ${VERB_TEXTS[verb]}
${holds[1]}    --timeout DURATION    how long to wait for the controller to act (default 30s; 0: not at all)
${CLUSTER_USAGE}    Exit status: 0 done, or asked where it does not wait; 1 there was nothing to ${verb}, or the API refuses it; 2 wrong command line or
    kubeconfig; 4 nobody acted on it in time; 6 no such Canary; 7 the API cannot be reached.
`
}

/** Lines of all commands of a rollout, for the help of the program. */
export const ROLLOUT_USAGE = `${STATUS_USAGE}
serin history NAME [-n NS] [-o json|yaml|wide]
    What became of the last ten revisions of a Canary.

serin promote|pause|resume|abort|retry|restart NAME [-n NS] [--timeout DURATION]
${VERBS.map((verb) => `    ${verb.padEnd(8)} ${(VERB_TEXTS[verb].split('. ')[0] ?? '').replaceAll(/\s+/g, ' ').replace(/\.$/, '')}.`).join('\n')}
    serin VERB --help says more.
`

/** True for the commands that are read here. */
export function isRolloutCommand(name: string): boolean {
  return name === 'status' || name === 'history' || isVerb(name)
}

function isVerb(name: string): name is Verb {
  return Object.hasOwn(VERB_TEXTS, name)
}

interface Flag {
  readonly name: string
  readonly takes: 'value' | 'nothing'
}

const CLUSTER_FLAGS: Readonly<Record<string, Flag>> = {
  '-n': { name: 'namespace', takes: 'value' },
  '--namespace': { name: 'namespace', takes: 'value' },
  '--context': { name: 'context', takes: 'value' },
  '--kubeconfig': { name: 'kubeconfig', takes: 'value' }
}
const TIMEOUT: Flag = { name: 'timeout', takes: 'value' }
const VERB_FLAGS: Readonly<Record<string, Flag>> = { ...CLUSTER_FLAGS, '--timeout': TIMEOUT, '--for': { name: 'for', takes: 'value' } }
const OUTPUT_FLAGS: Readonly<Record<string, Flag>> = {
  ...CLUSTER_FLAGS,
  '-o': { name: 'output', takes: 'value' },
  '--output': { name: 'output', takes: 'value' }
}
const STATUS_FLAGS: Readonly<Record<string, Flag>> = {
  ...OUTPUT_FLAGS,
  '--timeout': TIMEOUT,
  '-w': { name: 'watch', takes: 'nothing' },
  '--watch': { name: 'watch', takes: 'nothing' },
  '-A': { name: 'all', takes: 'nothing' },
  '--all-namespaces': { name: 'all', takes: 'nothing' },
  '--exit': { name: 'exit', takes: 'nothing' },
  '--exit-on-approval': { name: 'approval', takes: 'nothing' }
}

/** Reads the words after `serin NAME`. */
export function readRolloutCommand(name: string, words: readonly string[], defaults: ClusterOptions['defaults']): RolloutCommand {
  const usage = rolloutUsage(name)
  if (usage !== undefined && words.some((word) => word === '--help' || word === '-h')) return { kind: 'help', text: usage }
  const read = readFlags(name, words)
  if (typeof read === 'string') return { kind: 'wrong', message: read }
  const { flags, names } = read
  if (names.length > 1) return { kind: 'wrong', message: `${name} takes one NAME, not "${names.join(' ')}"` }
  const timeout = timeoutOf(flags.get('timeout'))
  if (timeout === 'wrong')
    return { kind: 'wrong', message: `--timeout must be a duration such as 90s or 30m, not "${flags.get('timeout')}"` }
  const holds = timeoutOf(flags.get('for'))
  if (holds === 'wrong' || holds === 0)
    return { kind: 'wrong', message: `--for must be a duration such as 30m or 8h, not "${flags.get('for')}"` }
  const cluster: ClusterOptions = {
    kubeconfig: flags.get('kubeconfig'),
    context: flags.get('context'),
    namespace: flags.get('namespace'),
    scope: flags.has('all') ? 'all' : 'one',
    defaults
  }
  if (name === 'history') return historyOf(names[0], flags, cluster)
  return isVerb(name) ? verbOf(name, names, { ...cluster, timeout, holds }) : statusOf(names[0], flags, { ...cluster, timeout })
}

type Base = ClusterOptions & { readonly timeout: Millis | undefined; readonly holds?: Millis | undefined }

const VERB_TIMEOUT: Millis = 30_000

function verbOf(verb: Verb, [name]: readonly string[], { holds, ...base }: Base): RolloutCommand {
  if (name === undefined) return { kind: 'wrong', message: `${verb} needs the NAME of a Canary` }
  if (holds !== undefined && !holdsFor(verb)) return { kind: 'wrong', message: `--for is for serin promote and serin pause` }
  return { kind: 'verb', options: { ...base, verb, name, timeout: base.timeout ?? VERB_TIMEOUT, holds } }
}

function historyOf(name: string | undefined, flags: ReadonlyMap<string, string>, cluster: ClusterOptions): RolloutCommand {
  const output = flags.get('output') ?? 'text'
  if (name === undefined) return { kind: 'wrong', message: 'history needs the NAME of a Canary' }
  if (!isOutput(output)) return { kind: 'wrong', message: wrongOutput(output) }
  return { kind: 'history', options: { ...cluster, name, output } }
}

const wrongOutput = (output: string, more = ''): string => `-o must be json, yaml${more} or wide, not "${output}"`

function statusOf(name: string | undefined, flags: ReadonlyMap<string, string>, base: Base): RolloutCommand {
  const output = flags.get('output') ?? 'text'
  if (output !== 'svg' && !isOutput(output)) return { kind: 'wrong', message: wrongOutput(output, ', svg') }
  const exit = flags.has('approval') ? 'at the end or an approval' : flags.has('exit') ? 'at the end' : 'no'
  const options: StatusOptions = { ...base, name, mode: flags.has('watch') ? 'watch' : 'once', exit, output }
  const message = contradiction(options)
  return message === undefined ? { kind: 'status', options } : { kind: 'wrong', message }
}

function isOutput(word: string): word is HistoryOptions['output'] {
  return word === 'text' || word === 'wide' || word === 'json' || word === 'yaml'
}

function contradiction({ name, exit, scope, mode, timeout, output }: StatusOptions): string | undefined {
  if (output === 'svg' && (name === undefined || mode === 'watch')) return '-o svg needs the NAME of a Canary, and no --watch'
  if (exit !== 'no' && name === undefined) return '--exit needs the NAME of a Canary'
  if (name !== undefined && scope === 'all') return '-A shows all Canaries: leave out the NAME'
  return timeout !== undefined && mode === 'once' ? '--timeout is for --watch' : undefined
}

function readFlags(
  command: string,
  words: readonly string[]
): { readonly flags: ReadonlyMap<string, string>; readonly names: readonly string[] } | string {
  const flags = new Map<string, string>()
  const names: string[] = []
  const left = [...words]
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith('-')) {
      names.push(plainName(word))
      continue
    }
    const read = readFlag(word, command, left)
    if (typeof read === 'string') return read
    if (read.value !== 'false' || read.flag.takes === 'value') flags.set(read.flag.name, read.value)
  }
  return { flags, names }
}

// Takes its value from `left` where it has none of its own.
function readFlag(word: string, command: string, left: string[]): { readonly flag: Flag; readonly value: string } | string {
  const { flag, value } = split(word, command === 'status' ? STATUS_FLAGS : command === 'history' ? OUTPUT_FLAGS : VERB_FLAGS)
  if (flag === undefined) return `"${word}" is not an option of serin ${command}`
  if (flag.takes === 'nothing') {
    return value === undefined || value === 'true' || value === 'false' ? { flag, value: value ?? 'true' } : `${word}: use true or false`
  }
  const given = value ?? following(left.shift())
  return given === '' ? `${word} needs a value` : { flag, value: given }
}

/** The word after an option as its value; '' when it is an option itself. */
function following(word = ''): string {
  return word.startsWith('-') ? '' : word
}

// As kubectl takes them: --name=value, -nVALUE, -n=VALUE.
function split(
  word: string,
  known: Readonly<Record<string, Flag>>
): { readonly flag: Flag | undefined; readonly value: string | undefined } {
  const at = word.indexOf('=')
  const name = at === -1 ? word : word.slice(0, at)
  if (Object.hasOwn(known, name)) return { flag: known[name], value: at === -1 ? undefined : word.slice(at + 1) }
  const short = word.slice(0, 2)
  const flag = !word.startsWith('--') && Object.hasOwn(known, short) ? known[short] : undefined
  return flag?.takes === 'value' ? { flag, value: word.slice(2) } : { flag: undefined, value: undefined }
}

/** `canary/api` and `canaries.flagger.app/api` name the same as `api`. */
function plainName(word: string): string {
  return word.replace(/^(canary|canaries)(\.flagger\.app)?\//, '')
}

function timeoutOf(text: string | undefined): Millis | undefined | 'wrong' {
  if (text === undefined) return undefined
  return text === '0' ? 0 : (durationOf(text) ?? 'wrong')
}
