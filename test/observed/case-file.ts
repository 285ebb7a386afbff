// What real Istio and Envoy did (../shared/data/observed-istio, see its README): the file's shape, and the rules of one case as the objects
// that routing reads. Only what the comparison needs is typed.

import { existsSync, readFileSync } from 'node:fs'
import type { KubeObject } from '../../src/api/object.ts'
import { dataPath } from '../data.ts'
import { objectsOf } from '../route-mesh.ts'

/** Header lines by name; several lines of one name are a list. */
export type Headers = Readonly<Record<string, string | readonly string[]>>

/** What a destination does with one try. Without fields: 200 at once. */
export interface Act {
  readonly status?: number
  readonly headers?: Headers
  readonly delayMs?: number
  /** Status, headers and a part of the body at once, the rest so much later. */
  readonly bodyDelayMs?: number
  /** The connection is closed without an answer. */
  readonly reset?: boolean
}

/** A request of a case, `n` times. */
export interface Asked {
  readonly port: number
  readonly method: string
  readonly host: string
  readonly path: string
  readonly headers?: readonly (readonly [string, string])[] | Readonly<Record<string, string>>
  readonly body?: string
  readonly n?: number
  readonly upstream?: readonly Act[]
  readonly parallel?: boolean
  readonly everyMs?: number
  readonly waitMs?: number
  readonly atMs?: number
  readonly endpoints?: Readonly<Record<string, Act | readonly Act[]>>
  readonly join?: readonly string[]
}

/** A request as an endpoint saw it. */
export interface SeenUpstream {
  readonly cluster: string
  readonly endpoint: string
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly headers: Headers
  readonly body?: string
}

/** Parts that both kinds of observations have. */
interface SeenState {
  readonly stats?: Readonly<Record<string, number>>
  readonly events?: readonly SeenEvent[]
}

/** An endpoint was taken out of the balancing, or put back. */
export interface SeenEvent {
  readonly at: number
  readonly cluster: string
  readonly endpoint: string
  readonly ejected: boolean
}

/** What was observed of one request. */
export interface SeenOne extends SeenState {
  readonly status: number
  readonly headers: Headers
  readonly body?: string
  readonly upstream?: SeenUpstream
  readonly attempts?: number
  readonly mirrored?: readonly SeenUpstream[]
  readonly flags: string
  readonly details?: string
  readonly routeName?: string
  readonly ms?: number
  readonly aborted?: boolean
}

/** What was observed of `n` requests. */
export interface SeenMany extends SeenState {
  readonly n: number
  readonly answered: Readonly<Record<string, number>>
  readonly statuses: Readonly<Record<string, number>>
  readonly flags: Readonly<Record<string, number>>
  readonly endpoints: Readonly<Record<string, number>>
  readonly attempts: number
  readonly received?: Readonly<Record<string, number>>
  readonly allTriesOnDifferentEndpoints?: number
  readonly samples: Readonly<Record<string, SeenOne>>
  readonly tried?: Readonly<Record<string, number>>
  readonly took?: readonly number[]
  readonly sequence?: readonly (readonly [at: number, status: number, endpoint: string, flags: string])[]
}

export interface Entry {
  readonly request: Asked
  readonly observed: SeenOne | SeenMany
}

export interface Case {
  readonly id: string
  readonly group: string
  readonly about: string
  readonly node: 'sidecar' | 'gateway'
  readonly namespace: string
  readonly labels?: Readonly<Record<string, string>>
  readonly config: string
  readonly istioError?: string
  readonly istioWarnings?: readonly string[]
  readonly envoyError?: string
  /** Clusters that Istio made, as facts. */
  readonly clusters?: readonly { readonly name: string; readonly type: string }[]
  /** region/zone of the caller. */
  readonly locality?: string
  /** Endpoints that appear when a request's `join` names them. */
  readonly late?: readonly string[]
  readonly requests: readonly Entry[]
}

export function isMany(seen: SeenOne | SeenMany): seen is SeenMany {
  return 'n' in seen
}

const FILE = dataPath('observed-istio/cases.json')

/** All cases, none when the file is not there. */
export function readCases(): readonly Case[] {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as { readonly cases: readonly Case[] }).cases : []
}

/** Header lines of a request in the order sent. */
export function headerLines({ headers = [] }: Asked): readonly (readonly [string, string])[] {
  // An array here is the list form of the file.
  return Array.isArray(headers) ? (headers as readonly (readonly [string, string])[]) : Object.entries(headers as Record<string, string>)
}

interface Slice extends KubeObject {
  readonly endpoints?: readonly { readonly addresses?: readonly string[] }[]
}

/** The objects of a case, oldest first, with the calling pod; `hidden` endpoints (address:port) are not there. */
export function objectsOfCase(each: Case, hidden: ReadonlySet<string>): KubeObject[] {
  const objects = objectsOf(each.config)
  const addresses = new Set([...hidden].map((key) => key.slice(0, key.lastIndexOf(':'))))
  return [...objects.map((object) => (object.kind === 'EndpointSlice' ? without(object, addresses) : object)), callerOf(each, objects)]
}

function without(slice: Slice, addresses: ReadonlySet<string>): KubeObject {
  return { ...slice, endpoints: (slice.endpoints ?? []).filter((endpoint) => !addresses.has(endpoint.addresses?.[0] ?? '')) }
}

function callerOf({ namespace, labels = {}, locality }: Case, objects: readonly KubeObject[]): KubeObject {
  const node = objects.find(({ kind, metadata }) => {
    const { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': zone } = metadata.labels ?? {}
    return kind === 'Node' && locality === `${region}/${zone}`
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'caller', namespace, labels },
    spec: node === undefined ? {} : { nodeName: node.metadata.name },
    status: { phase: 'Running', podIP: '127.0.0.1' }
  }
}
