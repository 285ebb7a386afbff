// What load to make, and how to read it from the command lines that canaries already have: `hey ...`, `wrk ...` and `fortio load ...`.

import type { Millis } from '../std/clock.ts'

/** A bounded load on one URL. */
export interface LoadPlan {
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  readonly connections: number
  /** Requests per second over all connections; undefined: each connection sends as soon as it is answered. */
  readonly rate: number | undefined
  /** Ends after so many requests, or after `duration`, whichever comes first. */
  readonly count: number | undefined
  readonly duration: Millis
  /** For one answer, from the instant its request was due. */
  readonly timeout: Millis
}

/** A plan, or what is wrong with the command line. */
export type PlanReading = { readonly kind: 'plan'; readonly plan: LoadPlan } | { readonly kind: 'problem'; readonly message: string }

export const MAX_CONNECTIONS = 1000
export const MAX_RATE = 50_000
export const MAX_DURATION: Millis = 3_600_000

type Draft = { -readonly [K in keyof LoadPlan]: LoadPlan[K] } & { perConnection: number | undefined }
type Flag = (draft: Draft, value: string) => string | undefined

/** Reads a command line; quotes and backslashes as in sh, nothing is expanded. */
export function readCommand(line: string): PlanReading {
  const words = splitWords(line)
  return words === undefined ? problem('a quote is not closed') : readWords(words)
}

/** Reads the words of a command. */
export function readWords(words: readonly string[]): PlanReading {
  const [program, ...rest] = words
  if (program === 'hey') return readFlags(program, HEY, rest, { connections: 50, count: 200, rate: undefined })
  if (program === 'fortio' && rest[0] === 'load')
    return readFlags('fortio load', FORTIO, rest.slice(1), { connections: 4, count: undefined, rate: 8 })
  if (program === 'wrk') return readFlags(program, WRK, rest.flatMap(attached), { connections: 10, duration: 10_000, timeout: 2000 })
  if (program === 'ghz') return problem('ghz loads gRPC services, which is not done here: use hey, wrk or fortio load on an HTTP port')
  return problem(`"${program ?? ''}" is not a load command known here: use hey, wrk or fortio load`)
}

/** Words of a command line, undefined when a quote is not closed. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = []
  const word = /\s+|((?:'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^\s'"\\])+)/gy
  let end = 0
  for (let match = word.exec(line); match !== null; match = word.exec(line)) {
    end = word.lastIndex
    if (match[1] !== undefined) words.push(unquote(match[1]))
  }
  return end === line.length ? words : undefined
}

function unquote(word: string): string {
  return word.replaceAll(/'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])/g, (_, single?: string, double?: string, escaped?: string) => {
    if (single !== undefined) return single
    if (double !== undefined) return double.replaceAll(/\\([\\"$`])/g, '$1')
    return escaped ?? ''
  })
}

const HEY: Readonly<Record<string, Flag>> = {
  z: setDuration,
  n: (draft, value) => setNumber(value, (n) => (draft.count = n)),
  c: (draft, value) => setNumber(value, (n) => (draft.connections = n)),
  q: (draft, value) => setNumber(value, (n) => (draft.perConnection = n)),
  t: (draft, value) => setNumber(value, (n) => (draft.timeout = n * 1000)),
  m: (draft, value) => set(() => (draft.method = value)),
  d: (draft, value) => set(() => (draft.body = value)),
  H: addHeader,
  T: (draft, value) => addHeader(draft, `Content-Type: ${value}`),
  A: (draft, value) => addHeader(draft, `Accept: ${value}`),
  host: (draft, value) => addHeader(draft, `Host: ${value}`)
}

const FORTIO: Readonly<Record<string, Flag>> = {
  t: setDuration,
  n: (draft, value) => setNumber(value, (n) => (draft.count = n)),
  c: (draft, value) => setNumber(value, (n) => (draft.connections = n)),
  qps: (draft, value) => setNumber(value, (n) => (draft.rate = n === 0 ? undefined : n)),
  timeout: (draft, value) => set(() => (draft.timeout = readDuration(value) ?? draft.timeout)),
  payload: (draft, value) => set(() => (draft.body = value)),
  X: (draft, value) => set(() => (draft.method = value)),
  H: addHeader,
  loglevel: () => undefined,
  p: () => undefined
}

const WRK: Readonly<Record<string, Flag>> = {
  d: (draft, value) => setDuration(draft, /^\d+$/.test(value) ? `${value}s` : value),
  c: (draft, value) => setNumber(value, (n) => (draft.connections = n)),
  // Its threads share the connections.
  t: (_, value) => setNumber(value, () => undefined),
  R: (draft, value) => setNumber(value, (n) => (draft.rate = n)),
  H: addHeader,
  timeout: (draft, value) => set(() => (draft.timeout = readDuration(/^\d+$/.test(value) ? `${value}s` : value) ?? draft.timeout)),
  s: () => 'Lua scripts are not run here'
}

const LONG: Readonly<Record<string, string>> = { duration: 'd', connections: 'c', threads: 't', rate: 'R', header: 'H', script: 's' }

// wrk takes -c10 for -c 10, and long names.
function attached(word: string): readonly string[] {
  const [, short, value] = /^-([dctR])(\d.*)$/.exec(word) ?? []
  if (short !== undefined && value !== undefined) return [`-${short}`, value]
  const [name, inline] = splitOnce(word.replace(/^--/, ''), '=')
  const known = word.startsWith('--') && Object.hasOwn(LONG, name) ? LONG[name] : undefined
  return [known === undefined ? word : `-${known}${inline === undefined ? '' : `=${inline}`}`]
}

const SWITCHES = new Set([
  'latency',
  'quiet',
  'a',
  'allow-initial-errors',
  'keepalive',
  'h2',
  'disable-compression',
  'disable-redirects',
  'stdclient',
  'nocatchup'
])

function readFlags(
  program: string,
  flags: Readonly<Record<string, Flag>>,
  words: readonly string[],
  start: Partial<LoadPlan>
): PlanReading {
  const draft: Draft = {
    url: '',
    method: '',
    headers: [],
    body: '',
    connections: 1,
    rate: undefined,
    count: undefined,
    duration: 0,
    timeout: 20_000,
    perConnection: undefined,
    ...start
  }
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (!word.startsWith('-')) {
      if (draft.url !== '') return problem(`${program}: unexpected word "${word}" after the URL`)
      draft.url = word
      continue
    }
    const [name, inline] = splitOnce(word.replace(/^--?/, ''), '=')
    if (SWITCHES.has(name)) continue
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) return problem(`${program}: flag -${name} is not known here`)
    if (inline === undefined) index += 1
    const wrong = flag(draft, inline ?? words[index] ?? '')
    if (wrong !== undefined) return problem(`${program}: -${name}: ${wrong}`)
  }
  return finish(program, draft)
}

function finish(program: string, draft: Draft): PlanReading {
  const { perConnection, ...plan } = draft
  const rate = perConnection === undefined ? plan.rate : perConnection * plan.connections
  const wrong = wrongUrl(plan.url) ?? wrongBounds(plan, rate)
  if (wrong !== undefined) return problem(`${program}: ${wrong}`)
  const bound = program === 'fortio load' ? fortioBound(plan) : heyBound(plan)
  return { kind: 'plan', plan: { ...plan, ...bound, rate, method: plan.method || (plan.body === '' ? 'GET' : 'POST') } }
}

function wrongUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return `"${url}" is not a URL`
  return new URL(url).protocol === 'http:' ? undefined : `only http:// URLs can be loaded, not ${url}`
}

function wrongBounds(plan: LoadPlan, rate: number | undefined): string | undefined {
  if (plan.connections < 1 || plan.connections > MAX_CONNECTIONS) return `-c must be 1 to ${MAX_CONNECTIONS}`
  if (rate !== undefined && (rate <= 0 || rate > MAX_RATE)) return `the rate must be above 0 and at most ${MAX_RATE}/s`
  return plan.duration > MAX_DURATION ? `a load may last ${MAX_DURATION / 60_000} minutes at most` : undefined
}

type Bound = Pick<LoadPlan, 'count' | 'duration'>

// hey: -z overrides -n.
function heyBound(plan: LoadPlan): Bound {
  return plan.duration > 0 ? { count: undefined, duration: plan.duration } : { count: plan.count, duration: MAX_DURATION }
}

// fortio: -n overrides -t, which is 5 s when neither is given.
function fortioBound(plan: LoadPlan): Bound {
  if (plan.count !== undefined) return { count: plan.count, duration: MAX_DURATION }
  return { count: undefined, duration: plan.duration > 0 ? plan.duration : 5000 }
}

function setDuration(draft: Draft, value: string): string | undefined {
  const duration = readDuration(value)
  if (duration === undefined) return `"${value}" is not a duration such as 30s or 1m30s`
  draft.duration = duration
  return undefined
}

function addHeader(draft: Draft, value: string): string | undefined {
  const [name, text] = splitOnce(value, ':')
  if (text === undefined || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\r\n]/.test(text))
    return `"${value}" is not a header such as "name: value"`
  draft.headers = [...draft.headers, [name, text.trim()]]
  return undefined
}

function setNumber(value: string, put: (n: number) => void): string | undefined {
  if (!/^\d+(\.\d+)?$/.test(value)) return `"${value}" is not a number`
  put(Number(value))
  return undefined
}

function set(put: () => void): undefined {
  put()
}

const UNITS: Readonly<Record<string, Millis>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function readDuration(text: string): Millis | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) total += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  return total
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

function problem(message: string): PlanReading {
  return { kind: 'problem', message }
}
