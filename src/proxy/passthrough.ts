// Where a pod's calls go that are meant for no host of the mesh: to the address they name, as Istio's outbound policy ALLOW_ANY does
// (istio.md 1.4). Only requests in absolute form pass: their sender asks for a proxy. What comes in by Host alone ends here, so that a
// request sent to the proxy's own address cannot come round again.

import type { Decision } from '../route/decision.ts'
import { clusterState } from '../route/cluster-state.ts'
import { ClusterStats } from '../route/cluster-stats.ts'
import { normalizePath } from '../route/path.ts'
import { PLAIN_DECISION, PLAIN_ENDPOINT, PLAIN_SETTINGS } from '../route/plain.ts'
import type { Cluster } from '../route/route-table.ts'
import type { ClusterState, Router } from '../route/router.ts'
import { LIMITS } from './limits.ts'
import type { Pools } from './pools.ts'
import type { RequestHead } from './request-head.ts'

type Forward = Extract<Decision, { kind: 'forward' }>

/** Istio's name of this destination, and of its service in metrics. */
export const PASSTHROUGH = 'PassthroughCluster'
const ALLOW_ANY: Forward['route'] = { virtualService: undefined, name: 'allow_any', index: 0 }
const UNKNOWN = 'unknown'

/** Whether an authority names a host, and a port if any, that can be called. */
export function isAddress(authority: string): boolean {
  return URL.canParse(`http://${authority}`)
}

/** The decision for a request whose host the mesh does not know: to where it says, without timeout or retries. */
export function passOn(facts: RequestHead): Forward {
  return {
    ...PLAIN_DECISION,
    route: ALLOW_ANY,
    cluster: PASSTHROUGH,
    path: normalizePath(facts.path) ?? facts.path,
    authority: facts.authority
  }
}

/** Whether a destination has no endpoints of its own, but is wherever it is called. */
export function isAnywhere({ cluster, slots }: ClusterState): boolean {
  return cluster.balance === 'passthrough' && slots.length === 0
}

/** Owns the addresses outside of the mesh that were called lately. */
export class Outside {
  /** The counts of all addresses together: Envoy has one cluster for them. */
  readonly stats = new ClusterStats()
  readonly #pools: Pick<Pools, 'retire'>
  readonly #most: number
  readonly #onFull: () => void
  readonly #states = new Map<string, { readonly state: ClusterState; readonly from: Cluster | undefined }>()

  /** At most so many addresses are kept; `onFull` is told of one that has to make room. */
  constructor(pools: Pick<Pools, 'retire'>, most = LIMITS.outsideAddressesMax, onFull: () => void = () => undefined) {
    this.#pools = pools
    this.#most = most
    this.#onFull = onFull
  }

  /**
   * The destination of a decision. `address` is where the caller wanted to go, when it may: for what passes, and for destinations that are
   * wherever they are called (a ServiceEntry of resolution NONE).
   */
  stateFor({ cluster, authority }: Forward, router: Router, address: string | undefined): ClusterState | undefined {
    if (cluster === PASSTHROUGH) return this.of(authority)
    const state = router.clusters.get(cluster)
    return state !== undefined && isAnywhere(state) && address !== undefined ? this.of(address, state) : state
  }

  /** The one endpoint of an authority: by itself, or for a destination without endpoints of its own. */
  of(authority: string, via?: ClusterState): ClusterState {
    const key = `${authority.toLowerCase()} ${via?.cluster.id ?? ''}`
    const known = this.#states.get(key)
    if (known !== undefined && known.from === via?.cluster) return known.state
    if (known !== undefined) this.#retire(key, known.state)
    const fresh = stateOf(authority.toLowerCase(), via ?? { cluster: CLUSTER, stats: this.stats })
    this.#makeRoom()
    this.#states.set(key, { state: fresh, from: via?.cluster })
    return fresh
  }

  #retire(key: string, state: ClusterState): void {
    this.#states.delete(key)
    this.#pools.retire(state, undefined)
  }

  #makeRoom(): void {
    for (const [key, { state }] of this.#states) {
      if (this.#states.size < this.#most) return
      this.#onFull()
      this.#retire(key, state)
    }
  }
}

// One cluster for all: metrics would grow with every name that a pod calls.
const CLUSTER: Cluster = {
  id: PASSTHROUGH,
  host: UNKNOWN,
  namespace: UNKNOWN,
  serviceName: PASSTHROUGH,
  port: 0,
  subset: undefined,
  endpoints: [],
  ...PLAIN_SETTINGS,
  idleTimeout: 60_000
}

/** Istio's name in metrics of where blocked requests would have gone. */
export const BLACK_HOLE: Cluster = { ...CLUSTER, id: 'BlackHoleCluster', serviceName: 'BlackHoleCluster' }

function stateOf(authority: string, { cluster, stats }: Pick<ClusterState, 'cluster' | 'stats'>): ClusterState {
  const { hostname, port } = new URL(`http://${authority}`)
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const endpoint = { ...PLAIN_ENDPOINT, address, port: port === '' ? 80 : Number(port), pod: UNKNOWN, namespace: UNKNOWN }
  return { ...clusterState({ ...cluster, endpoints: [endpoint] }, 0), stats }
}
