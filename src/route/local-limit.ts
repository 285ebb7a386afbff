// A local rate limit as plain data: the configuration of one `envoy.filters.http.local_ratelimit` (istio.md 4.2-4.3), as it travels in a
// RouteTable. Types only: envoy-limit.ts reads it from an EnvoyFilter, rate-limit.ts carries it out.

import type { Millis } from '../std/clock.ts'
import type { HeaderTest, QueryTest } from './route-table.ts'

/** A bucket: it starts full with `max` tokens and gains `perFill` every `interval`, continuously. */
export interface TokenBucket {
  readonly max: number
  readonly perFill: number
  readonly interval: Millis
}

/** One key and value of a descriptor; an empty value in a configured descriptor stands for any. */
export interface DescriptorEntry {
  readonly key: string
  readonly value: string
}

/** A descriptor with a bucket of its own. */
export interface LimitDescriptor {
  readonly entries: readonly DescriptorEntry[]
  readonly bucket: TokenBucket
}

/** What makes one entry of a request's descriptor; when it cannot, the whole descriptor is dropped. */
export type DescriptorAction =
  | { readonly kind: 'generic-key'; readonly key: string; readonly value: string }
  | { readonly kind: 'request-header'; readonly key: string; readonly header: string; readonly skipAbsent: boolean }
  | { readonly kind: 'query-parameter'; readonly key: string; readonly parameter: string; readonly skipAbsent: boolean }
  | { readonly kind: 'remote-address'; readonly key: string }
  | { readonly kind: 'destination-cluster'; readonly key: string }
  | {
      readonly kind: 'header-match'
      readonly key: string
      readonly value: string
      readonly expect: boolean
      readonly tests: readonly HeaderTest[]
    }
  | {
      readonly kind: 'query-match'
      readonly key: string
      readonly value: string
      readonly expect: boolean
      readonly tests: readonly QueryTest[]
    }

/** The actions that together make one descriptor. */
export interface DescriptorRule {
  readonly stage: number
  readonly actions: readonly DescriptorAction[]
}

/** A header that a limit adds; the four actions are Envoy's `append_action`. */
export interface HeaderAddition {
  readonly name: string
  readonly value: string
  readonly action: 'append' | 'add-if-absent' | 'overwrite' | 'overwrite-if-exists'
}

/** A limit. Without `bucket` only its descriptors limit. */
export interface LocalLimit {
  readonly statPrefix: string
  readonly bucket: TokenBucket | undefined
  /** Shares of the requests, 0 to 1: that are looked at, and of those over the limit that are refused. */
  readonly enabled: number
  readonly enforced: number
  readonly status: number
  /** The grpc-status of a refused gRPC request: UNAVAILABLE or RESOURCE_EXHAUSTED. */
  readonly grpcStatus: 14 | 8
  /** On refused answers. */
  readonly response: readonly HeaderAddition[]
  /** On requests that are over the limit and not refused. */
  readonly request: readonly HeaderAddition[]
  readonly descriptors: readonly LimitDescriptor[]
  /** Its own rules for descriptors; empty: those of the route and its host. */
  readonly rules: readonly DescriptorRule[]
  readonly stage: number
  /** Rules of the host: only when the route has none, beside the route's, or never. */
  readonly hostRules: 'override' | 'include' | 'ignore'
  readonly perConnection: boolean
  /** The default bucket pays even when a descriptor did. */
  readonly alwaysDefault: boolean
  /** x-ratelimit-limit, -remaining and -reset on answers. */
  readonly announced: boolean
  /** How many buckets the descriptors without value may have, the least recently used goes first. */
  readonly dynamicMax: number
}

/** Key of RouteTable.limits. */
export type LimitId = string

/** Where in the order of filters a limit stands: before tokens are looked at, before faults, before CORS, or right before the router. */
export type LimitPlace = 'first' | 'before-fault' | 'before-cors' | 'last'

/** A limit in use somewhere: uses of one limit share buckets where `bucket` is the same. */
export interface LimitUse {
  readonly limit: LimitId
  readonly bucket: string
}

/** A limit of a listener: `name` is the filter's, under which routes and hosts may have another limit. */
export interface PlacedLimit extends LimitUse {
  readonly name: string
  readonly place: LimitPlace
}

/** What a route or a host says about limits: other limits by filter name, and rules for descriptors. */
export interface LimitOverrides {
  readonly limits: Readonly<Record<string, LimitUse>>
  readonly rules: readonly DescriptorRule[]
  /** Of a route: the host's rules count beside its own, whatever the limit says. */
  readonly includesHost: boolean
}

/** The limits that a called pod's own sidecar applies to one of its ports. */
export interface InboundLimits {
  readonly filters: readonly PlacedLimit[]
  readonly overrides: LimitOverrides | undefined
}
