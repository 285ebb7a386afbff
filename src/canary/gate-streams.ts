// Streams of counters that a Canary brings: pairs of MetricTemplates, one for all events and one for the bad ones, each a selector of raw
// counters that is filled in once for each version.

/** A stream: its name, and the templates that select its counters. */
export interface StreamRequest {
  readonly name: string
  readonly total: TemplateName
  readonly bad: TemplateName
}

/** A MetricTemplate. */
export interface TemplateName {
  readonly name: string
  /** undefined: that of the Canary. */
  readonly namespace: string | undefined
}

/** What an annotation with streams has to be. */
export const STREAMS_WANTED =
  'NAME=[NAMESPACE/]TEMPLATE:[NAMESPACE/]TEMPLATE, of all events and of bad ones; several by commas, four at most'

// More would take the evidence of each one away.
const STREAMS_MOST = 4
const STREAM = /^\s*([a-z][a-z0-9-]{0,30})\s*=\s*([a-z0-9./-]+)\s*:\s*([a-z0-9./-]+)\s*$/
const TEMPLATE = /^(?:([a-z0-9][a-z0-9-]*)\/)?([a-z0-9][a-z0-9.-]*)$/

/** The streams of an annotation; undefined where it cannot be read. */
export function streamsIn(text: string): readonly StreamRequest[] | undefined {
  const read = text.split(',').map((part): StreamRequest | undefined => {
    const [, name = '', all, bad] = STREAM.exec(part) ?? []
    const [total, failed] = [templateIn(all), templateIn(bad)]
    return name === 'errors' || total === undefined || failed === undefined ? undefined : { name, total, bad: failed }
  })
  const streams = read.filter((stream) => stream !== undefined)
  const areAll = streams.length === read.length && streams.length <= STREAMS_MOST
  return areAll && new Set(streams.map(({ name }) => name)).size === streams.length ? streams : undefined
}

// The name of a metric, matchers in braces, or both; quotes may have anything in them.
const SELECTOR = /^(?:[a-zA-Z_:][\w:]*)?\s*(?:\{(?:[^"'`{}]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)*\})?$/

/** Why a filled in query selects no raw counters; undefined where it may. */
export function selectorProblem(query: string): string | undefined {
  const text = query.trim()
  if (text !== '' && SELECTOR.test(text)) return undefined
  return 'its query must be a selector of raw counters such as orders_total{deployment="{{ target }}"}: no rate(), increase() or sum(), increases are counted here, pod by pod'
}

function templateIn(text: string | undefined): TemplateName | undefined {
  const [, namespace, name] = TEMPLATE.exec(text ?? '') ?? []
  return name === undefined ? undefined : { name, namespace }
}
