// Streams of counters that a Canary brings: pairs of selectors of raw counters, one for all events and one for the bad ones, filled in once for
// each version. A selector stands in a MetricTemplate, or in the option itself.

/** A stream: its name, and what selects its counters. */
export interface StreamRequest {
  readonly name: string
  readonly total: CountersAsked
  readonly bad: CountersAsked
}

/** `selector`: asked of the Prometheus that answers a Canary's own queries. */
export type CountersAsked = TemplateName | { readonly kind: 'selector'; readonly text: string }

/** A MetricTemplate. */
export interface TemplateName {
  readonly kind: 'template'
  readonly name: string
  /** undefined: that of the Canary. */
  readonly namespace: string | undefined
}

/** What an annotation with streams has to be. */
export const STREAMS_WANTED =
  'NAME=COUNTERS:COUNTERS, of all events and of bad ones, each [NAMESPACE/]TEMPLATE or a selector with braces such as orders_total{deployment="{{ target }}"}; several by commas, four at most'

// More would take the evidence of each one away.
const STREAMS_MOST = 4
const NAME = /^[a-z][a-z0-9-]{0,30}$/
const TEMPLATE = /^(?:([a-z0-9][a-z0-9-]*)\/)?([a-z0-9][a-z0-9.-]*)$/
const WITH_BRACES = /^[^{}]*\{.*\}$/s

/** The streams of an annotation; undefined where it cannot be read. */
export function streamsIn(text: string): readonly StreamRequest[] | undefined {
  const read = apartAt(',', text).map(streamIn)
  const streams = read.filter((stream) => stream !== undefined)
  const areAll = streams.length === read.length && streams.length <= STREAMS_MOST
  return areAll && new Set(streams.map(({ name }) => name)).size === streams.length ? streams : undefined
}

function streamIn(text: string): StreamRequest | undefined {
  const equals = text.indexOf('=')
  const name = text.slice(0, Math.max(0, equals)).trim()
  const [total, bad, ...more] = apartAt(':', text.slice(equals + 1)).map(countersIn)
  if (!NAME.test(name) || name === 'errors' || total === undefined || bad === undefined || more.length > 0) return undefined
  return { name, total, bad }
}

function countersIn(text: string): CountersAsked | undefined {
  const trimmed = text.trim()
  const [, namespace, name] = TEMPLATE.exec(trimmed) ?? []
  if (name !== undefined) return { kind: 'template', name, namespace }
  return WITH_BRACES.test(trimmed) ? { kind: 'selector', text: trimmed } : undefined
}

// Between braces and quotes a separator separates nothing.
const TOKEN = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[\s\S]/g

function apartAt(separator: ',' | ':', text: string): readonly string[] {
  const parts = ['']
  let depth = 0
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === separator && depth === 0) {
      parts.push('')
      continue
    }
    if (token === '{') depth += 1
    if (token === '}') depth -= 1
    parts.push(`${parts.pop() ?? ''}${token}`)
  }
  return parts
}

// The name of a metric, matchers in braces, or both; quotes may have anything in them.
const SELECTOR = /^(?:[a-zA-Z_:][\w:]*)?\s*(?:\{(?:[^"'`{}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?$/

/** Why a filled in query selects no raw counters; undefined where it may. */
export function selectorProblem(query: string): string | undefined {
  const text = query.trim()
  if (text !== '' && SELECTOR.test(text)) return undefined
  return 'its query must be a selector of raw counters such as orders_total{deployment="{{ target }}"}: no rate(), increase() or sum(), increases are counted here, pod by pod'
}
