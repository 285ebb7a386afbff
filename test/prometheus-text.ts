// A strict reader of Prometheus' text format, version 0.0.4, as an oracle for tests: written from the format's description, sharing nothing
// with what writes it. It throws, with the line, at anything that the format does not allow.

/** One sample. */
export interface MetricSample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

/** One metric with its type and samples, which stand together in the text. */
export interface MetricFamily {
  readonly name: string
  readonly type: string
  readonly help: string | undefined
  readonly samples: readonly MetricSample[]
}

interface Open {
  readonly name: string
  type: string | undefined
  help: string | undefined
  readonly samples: MetricSample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/
const VALUE = /^(?:[+-]?Inf|NaN|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)$/
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']

/** All metrics of the text. */
export function readMetrics(text: string): readonly MetricFamily[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end with a line feed')
  if (text.includes('\r') || text.includes('\ufffd')) throw new Error('a carriage return, or bytes that are no UTF-8')
  const families = new Map<string, Open>()
  let current: Open | undefined
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const fail = (why: string): never => {
      throw new Error(`line ${index + 1}: ${why}: ${line}`)
    }
    if (line.trim() !== '') current = readLine(line, { families, current, fail })
  }
  const found = [...families.values()].map((each) => ({ ...each, type: each.type ?? 'untyped' }))
  for (const family of found) checkFamily(family)
  return found
}

interface State {
  readonly families: Map<string, Open>
  readonly current: Open | undefined
  readonly fail: Fail
}

/** The family that the line belongs to, which the next line may go on with. */
function readLine(line: string, { families, current, fail }: State): Open | undefined {
  const name = line.startsWith('#') ? commentName(line, fail) : (NAME.exec(line)?.[0] ?? fail('no metric name'))
  if (name === undefined) return current
  const family = current !== undefined && belongs(name, current) ? current : begin(name, families, fail)
  if (line.startsWith('#')) readComment(line, family, fail)
  else family.samples.push(readSample(line, name, fail))
  return family
}

type Fail = (why: string) => never

function belongs(name: string, { name: family, type }: Open): boolean {
  if (name === family) return true
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : type === 'summary' ? ['_sum', '_count'] : []
  return suffixes.some((suffix) => name === family + suffix)
}

function begin(name: string, families: Map<string, Open>, fail: Fail): Open {
  if (families.has(name)) fail('lines of one metric do not stand together')
  const family: Open = { name, type: undefined, help: undefined, samples: [] }
  families.set(name, family)
  return family
}

function commentName(line: string, fail: Fail): string | undefined {
  const [, word, name] = /^# (HELP|TYPE) (\S+) ?/.exec(line) ?? []
  if (word === undefined) return /^#\s*(HELP|TYPE)/.test(line) ? fail('HELP or TYPE without a name') : undefined
  return name !== undefined && NAME.exec(name)?.[0] === name ? name : fail('not a metric name')
}

function readComment(line: string, family: Open, fail: Fail): void {
  const rest = line.slice('# HELP '.length + family.name.length + 1)
  if (line.startsWith('# HELP')) {
    if (family.help !== undefined) fail('a second HELP')
    if (/\\(?![\\n])/.test(rest.replaceAll('\\\\', ''))) fail('an escape that HELP does not have')
    family.help = rest
    return
  }
  if (family.type !== undefined) fail('a second TYPE')
  if (family.samples.length > 0) fail('TYPE after a sample')
  family.type = TYPES.includes(rest) ? rest : fail('not a type')
}

function readSample(line: string, name: string, fail: Fail): MetricSample {
  let rest = line.slice(name.length)
  const labels = new Map<string, string>()
  if (rest.startsWith('{')) rest = readLabels(rest.slice(1), labels, fail)
  const [value = '', timestamp, ...more] = rest.trim().split(/[ \t]+/)
  if (!/^[ \t]/.test(rest) || !VALUE.test(value)) fail('not a value')
  if (more.length > 0 || (timestamp !== undefined && !/^-?\d+$/.test(timestamp))) fail('not a timestamp')
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function readLabels(text: string, labels: Map<string, string>, fail: Fail): string {
  let rest = text
  while (!rest.startsWith('}')) {
    const name = LABEL.exec(rest)?.[0] ?? fail('not a label name')
    const quoted = /^="((?:[^"\\]|\\["\\n])*)"/.exec(rest.slice(name.length)) ?? fail('not a label value')
    if (labels.has(name)) fail(`label ${name} twice`)
    labels.set(
      name,
      (quoted[1] ?? '').replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
    )
    rest = rest.slice(name.length + quoted[0].length)
    if (rest.startsWith(',')) rest = rest.slice(1)
    else if (!rest.startsWith('}')) fail('neither comma nor brace after a label')
  }
  return rest.slice(1)
}

function checkFamily({ name, type, samples }: MetricFamily): void {
  const seen = new Set<string>()
  for (const sample of samples) {
    const key = keyOf(sample, [])
    if (seen.has(key)) throw new Error(`series twice: ${key}`)
    seen.add(key)
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`a counter below 0: ${key}`)
  }
  if (type === 'histogram')
    for (const series of Map.groupBy(samples, (each) => keyOf(each, ['le'], '')).values()) checkHistogram(name, series)
}

function keyOf({ name, labels }: MetricSample, without: readonly string[], shown = name): string {
  const pairs = [...labels].filter(([label]) => !without.includes(label)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `${shown}${JSON.stringify(pairs)}`
}

function checkHistogram(name: string, series: readonly MetricSample[]): void {
  const fail = (why: string): never => {
    throw new Error(`histogram ${name}: ${why}: ${keyOf(series[0] ?? { name, labels: new Map(), value: 0 }, ['le'])}`)
  }
  const buckets = series.filter((each) => each.name === `${name}_bucket`)
  const one = (suffix: string): number => series.find((each) => each.name === name + suffix)?.value ?? fail(`no ${suffix}`)
  if (series.some((each) => each.name === name)) fail('a sample without a suffix')
  let [edge, count] = [Number.NEGATIVE_INFINITY, 0]
  for (const { labels, value } of buckets) {
    const next = Number(labels.get('le')?.replace('Inf', 'Infinity') ?? Number.NaN)
    if (!(next > edge)) fail('edges that do not rise')
    if (value < count) fail('buckets that fall')
    ;[edge, count] = [next, value]
  }
  if (edge !== Number.POSITIVE_INFINITY) fail('no bucket +Inf')
  if (count !== one('_count')) fail('_count is not the last bucket')
  if (Number.isNaN(one('_sum'))) fail('_sum is no number')
}
