// The metric cells of one listener's callers: found by endpoint slot, so that recording a request costs one map read (istio.md 6.1).

import type { Counters } from '../metrics/counters.ts'
import type { Cell, CellLabels, Measured, Recorder } from '../metrics/recorder.ts'
import type { Cluster, Endpoint, Source } from '../route/route-table.ts'
import type { EndpointSlot } from '../route/router.ts'
import type { Millis } from '../std/clock.ts'
import { DownstreamStats } from './downstream-stats.ts'

/** Cells of one source and one endpoint. */
export interface PeerCells {
  readonly source: Cell
  readonly destination: Cell
}

/** How a request ended. */
export interface Ended {
  readonly status: number
  readonly flags: string
  readonly measured?: Measured
}

const UNKNOWN = 'unknown'
const NOBODY = { workload: UNKNOWN, namespace: UNKNOWN, app: UNKNOWN, version: UNKNOWN }
const NO_SERVICE = { host: UNKNOWN, serviceName: UNKNOWN, namespace: UNKNOWN }

/** Owns the mapping for one listener; cells belong to the recorder. Entries of endpoints that are gone are let go with their slots. */
export class ListenerCells {
  /** The listener's own counts, under Envoy's names. */
  readonly downstream: DownstreamStats
  readonly #recorder: Recorder
  readonly #source: Source
  readonly #peers = new WeakMap<EndpointSlot, Map<string, PeerCells>>()
  readonly #clusters = new Map<string, Cell>()

  /** `port` is the one that clients mean to call; `counters` take what is counted of HTTP there. */
  constructor(recorder: Recorder, source: Source, port: number, counters: Counters = recorder.counters) {
    this.downstream = new DownstreamStats(counters, port)
    this.#recorder = recorder
    this.#source = source
  }

  /** Counts a request where it ended: at the endpoint it reached last, or as unreached. Status 0: its client went first. */
  ended(answer: Ended, ms: Millis, cell: Cell): void {
    cell.record(answer.status, answer.flags, ms, answer.measured)
    this.downstream.ended(answer.status)
  }

  /** A request that reached `slot` of `cluster`. */
  peers(cluster: Cluster, slot: EndpointSlot): PeerCells {
    let byCluster = this.#peers.get(slot)
    if (byCluster === undefined) {
      byCluster = new Map()
      this.#peers.set(slot, byCluster)
    }
    const known = byCluster.get(cluster.id)
    if (known !== undefined) return known
    const fresh = {
      source: this.#recorder.cell(this.#labels('source', cluster, slot.endpoint)),
      destination: this.#recorder.cell(this.#labels('destination', cluster, slot.endpoint))
    }
    byCluster.set(cluster.id, fresh)
    return fresh
  }

  /** A request that reached no endpoint; without a cluster the destination is unknown altogether. */
  unreached(cluster: Cluster | undefined): Cell {
    const id = cluster?.id ?? ''
    const known = this.#clusters.get(id)
    if (known !== undefined) return known
    const fresh = this.#recorder.cell(this.#labels('source', cluster, undefined))
    this.#clusters.set(id, fresh)
    return fresh
  }

  #labels(reporter: CellLabels['reporter'], cluster: Cluster | undefined, endpoint: Endpoint | undefined): CellLabels {
    const peer: Source = endpoint ?? NOBODY
    const service = cluster ?? NO_SERVICE
    return {
      ...canonical('source', this.#source),
      ...canonical('destination', peer),
      reporter,
      sourceWorkload: this.#source.workload,
      sourceNamespace: this.#source.namespace,
      sourceApp: this.#source.app,
      sourceVersion: this.#source.version,
      destinationWorkload: peer.workload,
      destinationNamespace: peer.namespace,
      destinationApp: peer.app,
      destinationVersion: peer.version,
      destinationService: service.host,
      destinationServiceName: service.serviceName,
      destinationServiceNamespace: service.namespace
    }
  }
}

function canonical(
  side: 'source' | 'destination',
  { canonicalService: service, canonicalRevision: revision }: Source
): Partial<CellLabels> {
  return {
    ...(service === undefined ? {} : { [`${side}CanonicalService`]: service }),
    ...(revision === undefined ? {} : { [`${side}CanonicalRevision`]: revision })
  }
}
