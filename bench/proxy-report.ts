// What the samples of the proxy bench say: figures of Serin against each rival with their targets, and the tables.

import { type Figure, type Table, misses } from './lib/finding.ts'
import type { Sample } from './lib/sample.ts'
import { median, medianRatio } from './lib/statistics.ts'
import type { Row } from './proxy-rows.ts'

/** Samples of one row by the name of the proxy; a round has the same place in each list. */
export type Measured = ReadonlyMap<string, readonly Sample[]>
/** All rows, in their order. */
export type AllMeasured = ReadonlyMap<Row, Measured>

type Metric = 'cpu' | 'rps' | 'p50'

const WORDS: Readonly<Record<Metric, string>> = { cpu: 'CPU', rps: 'requests/s', p50: 'p50' }
const JUDGED = ['nginx', 'haproxy', 'envoy']
/** Pairs of metric and rival that the table of targets shows. */
const SHOWN: readonly (readonly [Metric, string])[] = [
  ['cpu', 'nginx'],
  ['rps', 'nginx'],
  ['rps', 'haproxy'],
  ['rps', 'envoy'],
  ['cpu', 'envoy'],
  ['p50', 'nginx'],
  ['p50', 'envoy']
]

/** Serin against the rivals that were there, row by row. */
export function proxyFigures(measured: AllMeasured): Figure[] {
  return [...measured].flatMap(([row, samples]) => {
    const rivals = JUDGED.filter((name) => samples.has(name))
    const errors = [...samples.values()].flat().reduce((sum, one) => sum + one.errors, 0)
    return [
      ...rivals.flatMap((name) => figuresAgainst(row, samples, name)),
      { id: `${row.name}: errors`, value: errors, better: 'less', scale: 'ratio', limit: 0 } as const
    ]
  })
}

/** CPU always; requests per second and p50 where there is a target, as the generator and the backend cap the former. */
function figuresAgainst(row: Row, samples: Measured, name: string): Figure[] {
  const targets = [
    ['cpu', name === 'nginx' ? row.cpu : undefined],
    ['rps', row.rps[name]],
    ['p50', row.p50[name]]
  ] as const
  return targets
    .filter(([metric, limit]) => metric === 'cpu' || limit !== undefined)
    .map(([metric, limit]) => ({
      id: idOf(row, metric, name),
      value: against(samples, name, metric),
      better: metric === 'rps' ? 'more' : 'less',
      scale: 'ratio',
      ...(limit === undefined ? {} : { limit })
    }))
}

const idOf = (row: Row, metric: Metric, name: string): string => `${row.name}: ${WORDS[metric]} against ${name}`

const readings = (samples: Measured, name: string, metric: Metric): number[] => (samples.get(name) ?? []).map((one) => one[metric])

const against = (samples: Measured, name: string, metric: Metric): number =>
  medianRatio(readings(samples, 'serin', metric), readings(samples, name, metric))

/** The targets first, then what everybody did. */
export function proxyTables(measured: AllMeasured): Table[] {
  return [
    targets(measured),
    tableOf(measured, 'CPU per request, us (errors)', (samples, name) => {
      const errors = (samples.get(name) ?? []).reduce((sum, one) => sum + one.errors, 0)
      return `${median(readings(samples, name, 'cpu')).toFixed(1)}${errors === 0 ? '' : ` (${errors})`}`
    }),
    tableOf(measured, 'Against nginx: CPU per request / requests per second', (samples, name) => {
      const ratio = (metric: Metric): string => medianRatio(readings(samples, name, metric), readings(samples, 'nginx', metric)).toFixed(2)
      return `${ratio('cpu')} / ${ratio('rps')}`
    }),
    tableOf(measured, 'Requests per second; p50 ms of a closed loop', (samples, name) => {
      return `${Math.round(median(readings(samples, name, 'rps')))}; ${median(readings(samples, name, 'p50')).toFixed(3)}`
    })
  ]
}

function targets(measured: AllMeasured): Table {
  const figures = new Map(proxyFigures(measured).map((figure) => [figure.id, figure]))
  const cell = (figure: Figure | undefined): string => {
    if (figure === undefined) return ''
    const value = figure.value.toFixed(2)
    if (figure.limit === undefined) return value
    const wanted = `${value} (${figure.better === 'less' ? '<=' : '>='} ${figure.limit})`
    return misses(figure) ? `**${wanted}**` : wanted
  }
  return {
    title: 'Serin against the others, with what it must reach (bold: it does not)',
    columns: ['case', ...SHOWN.map(([metric, name]) => `${WORDS[metric]}, ${name}`)],
    rows: [...measured.keys()].map((row) => [row.name, ...SHOWN.map(([metric, name]) => cell(figures.get(idOf(row, metric, name))))])
  }
}

function tableOf(measured: AllMeasured, title: string, cell: (samples: Measured, name: string) => string): Table {
  const names = [...new Set([...measured.values()].flatMap((samples) => [...samples.keys()]))]
  const rows = [...measured].map(([row, samples]) => [row.name, ...names.map((name) => (samples.has(name) ? cell(samples, name) : ''))])
  return { title, columns: ['case', ...names], rows }
}
