// What the callers of a mixed load saw, in the words of the mesh's own counts. A request is entered once, when it is over. What the mesh
// counts in addition, or does not count, is told by `differences`.

import type { CellData } from '../../src/metrics/recorder.ts'
import type { MeshStats } from '../../src/proxy/mesh-stats.ts'
import type { ClusterStatName } from '../../src/route/cluster-stats.ts'
import type { Called } from './upstreams.ts'

/** How a request ended, as its caller's side counts it. */
export interface Over {
  /** 0: its caller went first. */
  readonly code: number
  readonly flags: string
  /** Where it was sent last; undefined: nowhere. */
  readonly cluster?: string
  /** What the called sides count: one code for each try that reached an endpoint and was answered, or given up by the mesh. */
  readonly tries?: readonly number[]
  /** Retries of the policy. */
  readonly retries?: number
  /** The cluster that was sent a copy. */
  readonly copied?: string
}

type Counts = Map<string, number>

function add(to: Counts, key: string, by = 1): void {
  to.set(key, (to.get(key) ?? 0) + by)
}

/** Everything that the workers counted so far. */
export interface Counted {
  readonly cells: readonly CellData[]
  readonly stats: MeshStats
}

/** Owns what the callers entered. */
export class Ledger {
  /** Connections that were opened. */
  connections = 0
  requests = 0
  /** What went otherwise than it should: sentences. */
  readonly problems: string[] = []
  readonly kinds: Counts = new Map()
  readonly #source: Counts = new Map()
  readonly #destination: Counts = new Map()
  readonly #clusters: Counts = new Map()

  /** A request is over. */
  enter(kind: string, { code, flags, cluster, tries = [], retries = 0, copied }: Over): void {
    this.requests++
    add(this.kinds, kind)
    add(this.#source, `${code} ${flags}`)
    for (const one of tries) add(this.#destination, String(one))
    if (cluster !== undefined && code > 0) add(this.#clusters, `${cluster} upstream_rq_${Math.trunc(code / 100)}xx`)
    if (cluster !== undefined && retries > 0) add(this.#clusters, `${cluster} upstream_rq_retry`, retries)
    if (copied === undefined) return
    add(this.#destination, '200')
    add(this.#clusters, `${copied} upstream_rq_2xx`)
  }

  /** A sentence for every number in which the mesh, the callers and the called sides differ. */
  differences({ cells, stats }: Counted, called: ReadonlyMap<string, readonly Called[]>): string[] {
    const counters = stats.counters()
    const down = (name: string): number =>
      sum([...counters].filter(([key]) => key.endsWith(`downstream_${name}`)).map(([, value]) => value))
    return [
      ...compare('requests of callers by code and flags', this.#source, countsOf(cells, 'source')),
      ...compare('requests of called pods by code', this.#destination, countsOf(cells, 'destination')),
      ...compare('answers and retries of clusters', this.#clusters, clusterCounts(stats)),
      ...compare('requests read', readCounts(called), totals(stats)),
      ...compare(
        'connections and requests of listeners',
        new Map([
          ['cx_total', this.connections],
          ['cx_destroy', this.connections],
          ['cx_active', 0],
          ['rq_total', this.requests]
        ]),
        new Map(['cx_total', 'cx_destroy', 'cx_active', 'rq_total'].map((name) => [name, down(name)]))
      ),
      ...gaugesLeft(stats)
    ]
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

function compare(what: string, expected: Counts, found: Counts): string[] {
  const keys = [...new Set([...expected.keys(), ...found.keys()])].sort()
  return keys
    .filter((key) => (expected.get(key) ?? 0) !== (found.get(key) ?? 0))
    .map((key) => `${what}: ${key}: ${expected.get(key) ?? 0} there were, ${found.get(key) ?? 0} are counted`)
}

function countsOf(cells: readonly CellData[], reporter: 'source' | 'destination'): Counts {
  const counts: Counts = new Map()
  for (const { labels, counts: ofCell } of cells) {
    if (labels.reporter !== reporter) continue
    for (const { code, flags, count } of ofCell) add(counts, reporter === 'source' ? `${code} ${flags}` : String(code), count)
  }
  return counts
}

const COMPARED: readonly ClusterStatName[] = [
  'upstream_rq_1xx',
  'upstream_rq_2xx',
  'upstream_rq_3xx',
  'upstream_rq_4xx',
  'upstream_rq_5xx',
  'upstream_rq_retry'
]

function clusterCounts(stats: MeshStats): Counts {
  const counts: Counts = new Map()
  for (const [id, of] of stats.clusters()) for (const name of COMPARED) add(counts, `${id} ${name}`, of.read(name))
  return counts
}

const totals = (stats: MeshStats): Counts => new Map([...stats.clusters()].map(([id, of]) => [id, of.read('upstream_rq_total')]))

const readCounts = (called: ReadonlyMap<string, readonly Called[]>): Counts =>
  new Map([...called].map(([cluster, servers]) => [cluster, sum(servers.map(({ read }) => read))]))

const GAUGES: readonly ClusterStatName[] = [
  'upstream_rq_active',
  'upstream_rq_pending_active',
  'upstream_rq_retry_active',
  'upstream_cx_active'
]

/** Gauges that are not back at zero. */
export function gaugesLeft(stats: MeshStats): string[] {
  return [...stats.clusters()].flatMap(([id, of]) =>
    GAUGES.filter((name) => of.read(name) !== 0).map((name) => `${id}: ${name} is ${of.read(name)}`)
  )
}
