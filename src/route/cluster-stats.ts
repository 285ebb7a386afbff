// Envoy's counters and gauges of one cluster, by the names people look for below `cluster.<name>.` (istio.md 6.2). A block is an array of
// numbers: counting is one add, and names become text only when somebody reads. Only what the mesh really counts has a name here.

/** Counters: they only grow. */
export const CLUSTER_COUNTERS = [
  'lb_healthy_panic',
  'membership_change',
  'outlier_detection.ejections_consecutive_5xx',
  'outlier_detection.ejections_detected_consecutive_5xx',
  'outlier_detection.ejections_detected_consecutive_gateway_failure',
  'outlier_detection.ejections_detected_consecutive_local_origin_failure',
  'outlier_detection.ejections_enforced_consecutive_5xx',
  'outlier_detection.ejections_enforced_consecutive_gateway_failure',
  'outlier_detection.ejections_enforced_consecutive_local_origin_failure',
  'outlier_detection.ejections_enforced_total',
  'outlier_detection.ejections_overflow',
  'outlier_detection.ejections_total',
  'retry_or_shadow_abandoned',
  'upstream_cx_connect_fail',
  'upstream_cx_connect_timeout',
  'upstream_cx_destroy',
  'upstream_cx_destroy_local',
  'upstream_cx_destroy_local_with_active_rq',
  'upstream_cx_destroy_remote',
  'upstream_cx_destroy_remote_with_active_rq',
  'upstream_cx_destroy_with_active_rq',
  'upstream_cx_http1_total',
  'upstream_cx_http2_total',
  'upstream_cx_idle_timeout',
  'upstream_cx_max_duration_reached',
  'upstream_cx_max_requests',
  'upstream_cx_none_healthy',
  'upstream_cx_overflow',
  'upstream_cx_pool_overflow',
  'upstream_cx_protocol_error',
  'upstream_cx_total',
  'upstream_rq_1xx',
  'upstream_rq_2xx',
  'upstream_rq_3xx',
  'upstream_rq_4xx',
  'upstream_rq_5xx',
  'upstream_rq_active_overflow',
  'upstream_rq_cancelled',
  'upstream_rq_completed',
  'upstream_rq_max_duration_reached',
  'upstream_rq_pending_failure_eject',
  'upstream_rq_pending_overflow',
  'upstream_rq_pending_total',
  'upstream_rq_per_try_timeout',
  'upstream_rq_retry',
  'upstream_rq_retry_backoff_exponential',
  'upstream_rq_retry_backoff_ratelimited',
  'upstream_rq_retry_limit_exceeded',
  'upstream_rq_retry_overflow',
  'upstream_rq_retry_success',
  'upstream_rq_rx_reset',
  'upstream_rq_timeout',
  'upstream_rq_total',
  'upstream_rq_tx_reset'
] as const

/** Gauges: what is so now. */
export const CLUSTER_GAUGES = [
  'outlier_detection.ejections_active',
  'upstream_cx_active',
  'upstream_rq_active',
  'upstream_rq_pending_active',
  // Not Envoy's: what its circuit_breakers.default.rq_retry_open is made from.
  'upstream_rq_retry_active'
] as const

/** A name below `cluster.<name>.`. */
export type ClusterStatName = (typeof CLUSTER_COUNTERS)[number] | (typeof CLUSTER_GAUGES)[number]

/** All names, in the order of a block's values: counters first. */
export const CLUSTER_STAT_NAMES: readonly ClusterStatName[] = [...CLUSTER_COUNTERS, ...CLUSTER_GAUGES]

/** The place of each name in a block: `stats.add(STAT.upstream_rq_total)`. */
export const STAT: Readonly<Record<ClusterStatName, number>> = indexOf(CLUSTER_STAT_NAMES)

/** A block as plain data. */
export interface ClusterCounts {
  readonly values: Float64Array
  readonly codes: readonly (readonly [status: number, count: number])[]
}

const CLASS_ONE = STAT.upstream_rq_1xx
const CHANGES = STAT.membership_change
/** Nobody writes to it. */
const UNUSED = new Float64Array(CLUSTER_STAT_NAMES.length)
const CODES_FROM = 100
const CODES_TO = 600
/** Gauges of which workers do not each have a part. */
const MOST: ReadonlySet<number> = new Set([STAT['outlier_detection.ejections_active']])

/** The counts of one cluster in one worker. Counters only grow; who adds to a gauge takes it off again. */
export class ClusterStats {
  /** Most of thousands of clusters are never called: they count on nothing but that their endpoints came. */
  #values = UNUSED
  #changes = 0
  /** Something was counted since somebody last set this to false. */
  touched = false
  /** Answers by status - 100; absent until the first answer. */
  #codes: Float64Array | undefined

  /** Adds `by` (default 1) to the counter or gauge at a place of STAT. */
  add(place: number, by = 1): void {
    this.touched = true
    if (this.#values === UNUSED && place === CHANGES) this.#changes += by
    else this.#block()[place] = this.at(place) + by
  }

  /** Sets a gauge. */
  set(place: number, value: number): void {
    this.touched = true
    if (value !== this.at(place)) this.#block()[place] = value
  }

  /** The value at a place of STAT: on the request path, where a look by name costs ten times as much. */
  at(place: number): number {
    if (place === CHANGES && this.#values === UNUSED) return this.#changes
    return this.#values[place] ?? 0
  }

  /** The value of a name. */
  read(name: ClusterStatName): number {
    return this.at(STAT[name])
  }

  /** Counts an answer's status: upstream_rq_completed, upstream_rq_<class> and upstream_rq_<code>. Statuses that HTTP has not got count as completed only. */
  answered(status: number): void {
    this.add(STAT.upstream_rq_completed)
    if (status < CODES_FROM || status >= CODES_TO) return
    this.add(CLASS_ONE + Math.trunc(status / 100) - 1)
    this.#addCode(status, 1)
  }

  /** Counts the end of a connection, as upstream_cx_destroy and what it was like: ended here or there, in the middle of a request or not. */
  closed(by: 'local' | 'remote', request: 'in progress' | 'none'): void {
    this.add(STAT.upstream_cx_destroy)
    this.add(by === 'local' ? STAT.upstream_cx_destroy_local : STAT.upstream_cx_destroy_remote)
    if (request === 'none') return
    this.add(STAT.upstream_cx_destroy_with_active_rq)
    this.add(by === 'local' ? STAT.upstream_cx_destroy_local_with_active_rq : STAT.upstream_cx_destroy_remote_with_active_rq)
  }

  /** Whether anything was counted but changes of its endpoints: clusters that nobody calls stay unused. */
  get isUsed(): boolean {
    return this.#values.some((value, place) => value !== 0 && place !== CHANGES)
  }

  /** All counts so far, copied. */
  counts(): ClusterCounts {
    const values = this.#values.slice()
    values[CHANGES] = this.at(CHANGES)
    return { values, codes: this.codes() }
  }

  /**
   * Adds another worker's counts. Each worker judges endpoints on its own: of ejected ones the most that any has seen hold. `what` counters
   * leaves out what is over with a worker.
   */
  absorb({ values, codes }: ClusterCounts, what: 'all' | 'counters' = 'all'): void {
    const end = what === 'all' ? values.length : CLUSTER_COUNTERS.length
    for (let place = 0; place < end; place++) {
      const more = values[place] ?? 0
      if (MOST.has(place)) this.set(place, Math.max(this.at(place), more))
      else this.add(place, more)
    }
    for (const [status, count] of codes) this.#addCode(status, count)
  }

  /** The statuses seen, each with its count. */
  codes(): [status: number, count: number][] {
    const codes = this.#codes
    if (codes === undefined) return []
    return [...codes].flatMap((count, place) => (count === 0 ? [] : [[place + CODES_FROM, count] satisfies [number, number]]))
  }

  #block(): Float64Array {
    if (this.#values === UNUSED) {
      this.#values = new Float64Array(CLUSTER_STAT_NAMES.length)
      this.#values[CHANGES] = this.#changes
    }
    return this.#values
  }

  #addCode(status: number, count: number): void {
    this.#codes ??= new Float64Array(CODES_TO - CODES_FROM)
    const place = status - CODES_FROM
    this.#codes[place] = (this.#codes[place] ?? 0) + count
  }
}

function indexOf(names: readonly ClusterStatName[]): Record<ClusterStatName, number> {
  // Every name of the type is in the list it is made of.
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<ClusterStatName, number>
}
