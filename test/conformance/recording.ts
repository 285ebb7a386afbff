// The recordings of `data/kubectl`: their shape, and the comparison of a recorded value with an actual one under their placeholders.

import { isObject } from '../../src/std/json.ts'

/** An HTTP exchange as recorded, or a reference to one of the file's common ones. */
export interface RecordedExchange {
  readonly $common?: string
  readonly method: string
  readonly path: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly requestBody?: unknown
  readonly status: number
  readonly responseHeaders: Readonly<Record<string, string>>
  readonly responseBody?: unknown
  readonly responseEvents?: readonly { readonly type: string; readonly object: unknown }[]
  readonly responseWas?: string
}

/** A change that another client makes while the command runs. */
export interface Change {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** One command with everything that belongs to it. */
export interface RecordedCase {
  readonly id: string
  readonly about?: string
  readonly setup?: readonly Record<string, unknown>[]
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly before?: readonly RecordedCase[]
  readonly argv: readonly string[]
  readonly stdin?: string
  readonly exitCode: number | 'killed'
  readonly stdout: string
  readonly stderr: string
  readonly exchanges: readonly RecordedExchange[]
  readonly during?: {
    readonly after: { readonly method: string; readonly pathContains: string }
    readonly changes: readonly Change[]
    readonly pauseMs?: number
  }
  readonly watchEvents?: number
}

/** A file of recordings. */
export interface Recording {
  readonly kubectl: string
  readonly common: Readonly<Record<string, RecordedExchange>>
  readonly cases: readonly RecordedCase[]
}

const PLACEHOLDER =
  /<((?:uid|rv|ip|continue)-\d+|time|microtime|date|filetime|age|suffix|nodePort|hash|etag|jwt|n|klog|server|dir|\d+ to \d+)>/g

// The form of what a placeholder stands for, in a text and on a line of its own; a number in its name does not count.
const FORMS: Readonly<Record<string, string>> = {
  uid: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  rv: String.raw`\d+`,
  ip: String.raw`\d{1,3}(?:\.\d{1,3}){3}`,
  continue: String.raw`[A-Za-z0-9_-]+`,
  time: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`,
  microtime: String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`,
  date: String.raw`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000`,
  filetime: String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \+0000(?: UTC)?`,
  age: String.raw`(?:\d+[smhdy])+`,
  suffix: '[bcdfghjklmnpqrstvwxz2456789]{5}',
  nodePort: String.raw`3[0-2]\d{3}`,
  hash: '[A-Za-z0-9]+',
  jwt: String.raw`[\w-]+\.[\w-]+\.[\w-]+`,
  klog: String.raw`\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+`,
  n: String.raw`\d+`
}

const formOf = (name: string): string => FORMS[name.replace(/-\d+$/, '')] ?? '[^]*?'

/** What placeholders stand for in one case. Versions of lists are apart from those of objects, which they need not coincide with. */
export class Bindings {
  readonly #values = new Map<string, string>()
  readonly #versions = new Map<string, Map<string, string>>()
  readonly #lists = new Map<string, string>()

  /** The text with its placeholders filled in; versions of lists first where `from` is `query`. */
  fill(text: string, from: 'query' | 'body'): string {
    return text.replaceAll(PLACEHOLDER, (whole, name: string) => {
      const [first, second] = from === 'query' ? [this.#lists, this.#values] : [this.#values, this.#lists]
      const time = name === 'time' ? `${new Date().toISOString().slice(0, 19)}Z` : whole
      return first.get(name) ?? second.get(name) ?? time
    })
  }

  /** A JSON value with its placeholders filled in. */
  fillBody(value: unknown): unknown {
    if (typeof value === 'string') return this.fill(value, 'body')
    if (Array.isArray(value)) return value.map((item) => this.fillBody(item))
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.fillBody(inner)]))
  }

  /** True when `actual` is what `recorded` describes; binds what is seen for the first time. */
  matches(recorded: string, actual: string): boolean {
    const names: string[] = []
    let pattern = ''
    let at = 0
    for (const match of recorded.matchAll(PLACEHOLDER)) {
      const name = match[1] ?? ''
      pattern += `${escape(recorded.slice(at, match.index))}(${formOf(name)})`
      names.push(name)
      at = match.index + match[0].length
    }
    const found = new RegExp(`^${pattern}${escape(recorded.slice(at))}$`).exec(actual)
    return found !== null && names.every((name, index) => this.#holds(name, found[index + 1] ?? ''))
  }

  /** Remembers the version of a list or bookmark, which is compared with nothing. */
  bindList(recorded: string, actual: string): void {
    const name = /^<(rv-\d+)>$/.exec(recorded)?.[1]
    if (name !== undefined) this.#lists.set(name, actual)
  }

  /** True unless two versions of one object that are recorded as different are the same; `uid` is that of the object, as recorded. */
  sawVersion(uid: string, recorded: string, actual: string): boolean {
    const known = this.#versions.get(uid) ?? new Map<string, string>()
    this.#versions.set(uid, known)
    const same = [...known].some(([name, version]) => name !== recorded && version === actual)
    known.set(recorded, actual)
    return !same
  }

  #holds(name: string, actual: string): boolean {
    if (!/-\d+$/.test(name)) return true
    const known = this.#values.get(name)
    if (known !== undefined) return known === actual
    const taken = name.startsWith('uid') && [...this.#values].some(([other, value]) => other.startsWith('uid') && value === actual)
    this.#values.set(name, actual)
    return !taken
  }
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** How two values are compared. */
export interface Comparison {
  readonly bindings: Bindings
  /** The recorded answer was protobuf: zero values do not count. */
  readonly ignoreZero: boolean
}

/** The differences, each with its path; empty when the values agree. managedFields are left out. */
export function differences(recorded: unknown, actual: unknown, how: Comparison, path = ''): string[] {
  const wrong = [`${path}: expected ${short(recorded)}, got ${short(actual)}`]
  if (typeof recorded === 'string') return sameText(recorded, actual, how) ? [] : wrong
  if (Array.isArray(recorded)) {
    if (!Array.isArray(actual) || actual.length !== recorded.length) return wrong
    return recorded.flatMap((item, index) => differences(item, actual[index], how, `${path}[${index}]`))
  }
  if (isObject(recorded) && isObject(actual)) return objectDifferences(recorded, actual, how, path)
  return recorded === actual ? [] : wrong
}

// A number may stand where the whole recorded text is a placeholder.
function sameText(recorded: string, actual: unknown, { bindings }: Comparison): boolean {
  if (typeof actual === 'number') return /^<.*>$/.test(recorded) && bindings.matches(recorded, String(actual))
  return typeof actual === 'string' && bindings.matches(recorded, actual)
}

type Fields = Readonly<Record<string, unknown>>

function objectDifferences(recorded: Fields, actual: Fields, how: Comparison, path: string): string[] {
  const keys = new Set([...Object.keys(recorded), ...Object.keys(actual)])
  keys.delete('managedFields')
  const found = [...keys].flatMap((key) => {
    if (how.ignoreZero && isZero(recorded[key]) && isZero(actual[key])) return []
    return differences(recorded[key], actual[key], how, path === '' ? key : `${path}.${key}`)
  })
  return [...found, ...versionDifferences(recorded, actual, how, path)]
}

// Metadata with a uid and a version: different versions of one object must be different here too.
function versionDifferences(recorded: Fields, actual: Fields, { bindings }: Comparison, path: string): string[] {
  const { uid, resourceVersion: version } = recorded
  const got = actual['resourceVersion']
  if (typeof uid !== 'string' || typeof version !== 'string' || typeof got !== 'string') return []
  return bindings.sawVersion(uid, version, got)
    ? []
    : [`${path}.resourceVersion: ${version} is ${got}, as is another version of this object`]
}

function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && Object.values(value).every(isZero)
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 240 ? `${text.slice(0, 240)}...` : text
}
