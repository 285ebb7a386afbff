// Envoy's stats as its admin port shows them (`/stats`): lines of `name: value`, JSON, and Prometheus series named as Envoy names them
// with Istio's tags (istio.md 6.2).

import type { PlainMetric } from './exposition.ts'

/** One counter or gauge. */
export interface Stat {
  /** undefined: `name` is the whole name. */
  readonly cluster: string | undefined
  /** Below `cluster.<cluster>.`, or the whole name. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly value: number
}

/** Which stats to show: those whose whole name `has`, of one type. */
export interface StatFilter {
  readonly has?: (name: string) => boolean
  readonly type?: Stat['type']
}

/** The whole name, as in `/stats`: on one line, whatever a user's prefix holds. */
export function statName({ cluster, name }: Stat): string {
  return cluster === undefined ? name.replaceAll(/[\0\r\n:]/g, '_') : `cluster.${cluster}.${name}`
}

/** `name: value`, sorted by name; ends with a line feed unless there is nothing. */
export function statsText(stats: readonly Stat[], filter: StatFilter = {}): string {
  return chosen(stats, filter)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')
}

/** Envoy's `format=json`. */
export function statsJson(stats: readonly Stat[], filter: StatFilter = {}): string {
  return JSON.stringify({ stats: chosen(stats, filter).map(([name, value]) => ({ name, value })) })
}

/** The same as series: one metric for each name, clusters and codes as labels. */
export function statsMetrics(stats: readonly Stat[], filter: StatFilter = {}): PlainMetric[] {
  const byName = new Map<string, { readonly type: Stat['type']; readonly samples: Map<string, PlainMetric['samples'][number]> }>()
  for (const stat of stats) {
    if (!passes(stat, filter)) continue
    const { name, labels } = seriesOf(stat)
    const known = byName.get(name) ?? { type: stat.type, samples: new Map<string, PlainMetric['samples'][number]>() }
    byName.set(name, known)
    // Names that differ in what a series' name cannot hold are one series: two of a name would make the whole text worthless.
    const key = Object.values(labels).join('\0')
    known.samples.set(key, { labels, value: stat.value + (known.samples.get(key)?.value ?? 0) })
  }
  return [...byName]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { type, samples }]) => ({ name, type, help: `Envoy's ${name.slice(PREFIX.length)}.`, samples: [...samples.values()] }))
}

const PREFIX = 'envoy_'
const LISTENER = /^http\.(.+)\.(downstream_\w+)$/
const CODE = /^(.*_rq)_(?:(\d{3})|(\dxx))$/

function seriesOf({ cluster, name }: Stat): { readonly name: string; readonly labels: Record<string, string> } {
  const [, prefix, own = name] = (cluster === undefined ? LISTENER.exec(name) : undefined) ?? []
  const [, stem = own, code, group] = CODE.exec(own) ?? []
  const whole = cluster !== undefined ? `cluster_${stem}` : prefix === undefined ? stem : `http_${stem}`
  const labels = {
    ...(code === undefined ? {} : { response_code: code }),
    ...(group === undefined ? {} : { response_code_class: group }),
    ...(cluster === undefined ? {} : { cluster_name: cluster }),
    ...(prefix === undefined ? {} : { http_conn_manager_prefix: prefix })
  }
  return { name: PREFIX + whole.replaceAll(/\W/g, '_'), labels }
}

function chosen(stats: readonly Stat[], filter: StatFilter): [name: string, value: number][] {
  return stats
    .filter((stat) => passes(stat, filter))
    .map((stat): [string, number] => [statName(stat), stat.value])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function passes(stat: Stat, { has, type }: StatFilter): boolean {
  return (type === undefined || stat.type === type) && (has === undefined || has(statName(stat)))
}
