// The part of Envoy's admin interface that people read from scripts: /stats in its forms, /clusters, /server_info, /ready. Read-only:
// what Envoy changes by POST is not here.

import { RE2JS } from 're2js'
import { EXPOSITION_TYPE, type PlainMetric } from '../metrics/exposition.ts'
import { type Stat, type StatFilter, statsJson, statsMetrics, statsText } from '../metrics/stats-text.ts'
import { type AdminAnswer, JSON_TYPE, textAnswer } from './admin-answer.ts'
import { clustersStatus, clustersText } from './envoy-clusters.ts'
import { listStats, type MeshCounts } from './mesh-stats-list.ts'

/** What is shown. */
export interface EnvoyView {
  /** What was counted up to now. */
  counts(): Promise<MeshCounts>
  /** Prometheus text of everything that is not Envoy's, with these metrics behind it. */
  exposition(others: readonly PlainMetric[]): Iterable<string>
  readonly version: string
}

/** The answer to a GET of `path`; undefined when there is nothing of Envoy's. */
export async function envoyAnswer(view: EnvoyView, path: string, query: URLSearchParams): Promise<AdminAnswer | undefined> {
  switch (path) {
    case '/stats':
      return stats(view, query)
    case '/stats/prometheus':
      return prometheus(view, query)
    case '/clusters':
      return clusters(await view.counts(), query)
    case '/server_info':
      return json(serverInfo(await view.counts(), view.version))
    case '/ready':
      return textAnswer(200, 'LIVE')
    default:
      return undefined
  }
}

const TYPES: Readonly<Record<string, Stat['type'] | undefined>> = { Counters: 'counter', Gauges: 'gauge' }

async function stats(view: EnvoyView, query: URLSearchParams): Promise<AdminAnswer> {
  const format = query.get('format') ?? 'text'
  if (format === 'prometheus') return prometheus(view, query)
  if (format !== 'text' && format !== 'json') return textAnswer(400, 'usage: /stats?format=(json|prometheus|text)')
  const filter = filterOf(query)
  if (typeof filter === 'string') return textAnswer(400, filter)
  const all = listStats(await view.counts())
  const shown = query.has('usedonly') ? all.filter(({ value }) => value !== 0) : all
  return format === 'json'
    ? { status: 200, type: JSON_TYPE, body: `${statsJson(shown, filter)}\n` }
    : { status: 200, type: TEXT, body: statsText(shown, filter) }
}

/** `usedonly` leaves out whole clusters: a counter that appears with its first increment would hide it from rate(). */
async function prometheus(view: EnvoyView, query: URLSearchParams): Promise<AdminAnswer> {
  const filter = filterOf(query)
  if (typeof filter === 'string') return textAnswer(400, filter)
  const list = listStats(await view.counts(), query.has('usedonly') ? 'used' : 'all')
  return { status: 200, type: EXPOSITION_TYPE, body: view.exposition(statsMetrics(list, filter)) }
}

const TEXT = 'text/plain; charset=utf-8'

function filterOf(query: URLSearchParams): StatFilter | string {
  const [text, wanted] = [query.get('filter') ?? '', query.get('type') ?? 'All']
  const type = TYPES[wanted]
  if (type === undefined && wanted !== 'All') return 'usage: /stats?type=(All|Counters|Gauges)'
  const byType = type === undefined ? {} : { type }
  if (text === '') return byType
  try {
    const pattern = RE2JS.compile(text)
    return { ...byType, has: (name) => pattern.matcher(name).find() }
  } catch (error) {
    return `invalid re2 regex: ${error instanceof Error ? error.message : String(error)}`
  }
}

function clusters(counts: MeshCounts, query: URLSearchParams): AdminAnswer {
  if (query.get('format') === 'json') return json(clustersStatus(counts))
  return { status: 200, type: TEXT, body: clustersText(counts) }
}

function serverInfo({ workers, uptime }: MeshCounts, version: string): unknown {
  const up = `${Math.floor(uptime / 1000)}s`
  return {
    version: `serin/${version}`,
    state: 'LIVE',
    uptime_current_epoch: up,
    uptime_all_epochs: up,
    command_line_options: { concurrency: workers }
  }
}

function json(value: unknown): AdminAnswer {
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(value, undefined, 1)}\n` }
}
