// What routing concludes about one request. Pure data; every arm names the rule it came from, so that access log, metrics,
// `serin explain` and the dashboard read the same field.

import type { Millis } from '../std/clock.ts'
import type { Format } from './format.ts'
import type { PreparedOverrides } from './limit-filter.ts'

/** Envoy's name for a destination: `outbound|9080|v1|reviews.default.svc.cluster.local`. */
export type ClusterId = string

/** The rule that decided. `index` counts `spec.http` of the VirtualService; a Service without one has `virtualService` undefined. */
export interface RouteRef {
  /** namespace/name */
  readonly virtualService: string | undefined
  readonly name: string | undefined
  readonly index: number
  /** What the VirtualService says of the access log for this route; absent: as for all. */
  readonly log?: 'on' | 'off'
}

/** Retries of one request (istio.md 1.15, envoy.md 5). `attempts` counts retries, not tries. */
export interface RetryPolicy {
  readonly attempts: number
  readonly perTryTimeout: Millis
  /** Condition words as Envoy spells them: `5xx`, `gateway-error`, `connect-failure`, ... */
  readonly on: readonly string[]
  readonly statuses: readonly number[]
  readonly backoffBase: Millis
  readonly backoffMax: Millis
  /** Avoid endpoints already tried, up to five re-picks. */
  readonly avoidTried: boolean
  /** After every second try prefer priorities that were not tried. */
  readonly otherPriorities?: true
}

/**
 * Header edits, already reduced over route and destination (istio.md 1.13): apply `remove`, then `set` (overwrite), then `add`
 * (append a line). Names are lower case; `host` and names with a colon never appear (they became `authority`).
 */
export interface HeaderEdits {
  readonly set: readonly (readonly [name: string, value: string])[]
  readonly add: readonly (readonly [name: string, value: string])[]
  readonly remove: readonly string[]
  /** Present when a value depends on the request: editsNow makes the lists, which are empty, from these. */
  readonly stages?: readonly HeaderStage[]
  /** Present where the rule itself writes set-cookie, so that nobody has to look for it with each answer. */
  readonly givesCookie?: true
}

/** Edits of one level, or of two levels as one: all values are formatted between the removals and the writes. */
export interface HeaderStage {
  readonly remove: readonly string[]
  readonly set: readonly (readonly [name: string, value: Format])[]
  readonly add: readonly (readonly [name: string, value: Format])[]
}

/** What to do with one request; `limits`: what the route and its host say of local rate limits, absent where they say nothing. */
export type Decision =
  | {
      readonly kind: 'forward'
      readonly route: RouteRef
      /** Key of Router.clusters; always present there when decide returned it. */
      readonly cluster: ClusterId
      /** Path with query and authority as sent upstream, after rewrite. */
      readonly path: string
      readonly authority: string
      /** 0: no timeout. */
      readonly timeout: Millis
      readonly retry: RetryPolicy | undefined
      readonly request: HeaderEdits | undefined
      readonly response: HeaderEdits | undefined
      /** An injected wait before anything else; 0: none (flag DI otherwise). */
      readonly delay: Millis
      /** Clusters that get a copy of the request. */
      readonly copies: readonly ClusterId[]
      /** 64 bits for ring hash and Maglev; undefined: a random endpoint. */
      readonly hash: bigint | undefined
      /** Values of Set-Cookie lines for generated sticky cookies: an endpoint's answer gets them, one of the proxy's own does not. */
      readonly cookies: readonly string[]
      readonly limits?: PreparedOverrides
    }
  | {
      readonly kind: 'redirect'
      readonly route: RouteRef
      readonly status: number
      readonly location: string
      readonly response: HeaderEdits | undefined
      readonly limits?: PreparedOverrides
    }
  | {
      readonly kind: 'respond'
      readonly route: RouteRef
      readonly status: number
      readonly headers: readonly (readonly [name: string, value: string])[]
      readonly body: string
      readonly response: HeaderEdits | undefined
      /** An injected wait before the answer; 0: none (flag DI otherwise). */
      readonly delay: Millis
      /** Envoy's flag for the answer: FI for an injected abort, RL for a local rate limit, OM where a data plane has no room. */
      readonly flag: '-' | 'FI' | 'RL' | 'OM'
      /** Envoy's response code details, where the flag does not say them. */
      readonly details?: string | undefined
      readonly limits?: PreparedOverrides
    }
  /**
   * unknown-host and no-match: 404 NR (the data plane passes unknown hosts of mesh callers through, Istio's ALLOW_ANY). no-destination: the route names
   * a subset or host that has no cluster, 503 NC, with the route's edits and after its injected delay. bad-path: `%00` or a fragment in
   * the path, 400.
   */
  | {
      readonly kind: 'no-route'
      readonly because: NoRoute
      readonly route: RouteRef | undefined
      readonly response: HeaderEdits | undefined
      readonly delay: Millis
      readonly limits?: PreparedOverrides
    }

/** Why no route was found. */
export type NoRoute = 'unknown-host' | 'no-match' | 'no-destination' | 'bad-path'
