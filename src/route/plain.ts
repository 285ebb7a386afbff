// What a destination, an action and a decision are when no rule asks anything of them: the values that rules replace, in one place.

import type { ClusterId, Decision } from './decision.ts'
import type { Choice, Cluster, Endpoint, RouteAction } from './route-table.ts'

/** Limits that are not set: as many as a 32-bit counter holds. */
export const UNLIMITED = 4294967295

/** A destination's settings without a DestinationRule (istio.md 2.6): times in ms. */
export const PLAIN_SETTINGS = {
  balance: 'least-request',
  hashSize: 1024,
  warmup: undefined,
  localities: undefined,
  panicPercent: 0,
  outlier: undefined,
  connectTimeout: 10_000,
  maxConnections: UNLIMITED,
  maxPendingRequests: UNLIMITED,
  maxRequests: UNLIMITED,
  maxRetries: UNLIMITED,
  maxRequestsPerConnection: UNLIMITED,
  idleTimeout: 3_600_000,
  maxConnectionDuration: 0,
  keepAlive: undefined,
  retryBudget: undefined
} as const satisfies Partial<Cluster>

/** A destination without endpoints that no rule says anything about. */
export const PLAIN_CLUSTER: Cluster = {
  id: '',
  host: '',
  namespace: '',
  serviceName: '',
  port: 80,
  subset: undefined,
  endpoints: [],
  ...PLAIN_SETTINGS
}

/** An endpoint of which only the address is known. */
export const PLAIN_ENDPOINT: Omit<Endpoint, 'address' | 'port'> = {
  weight: 1,
  locality: '',
  priority: 0,
  pod: '',
  namespace: '',
  workload: 'unknown',
  app: 'unknown',
  version: 'unknown'
}

type Forward = Extract<RouteAction, { kind: 'forward' }>

/** Forwards without conditions: no timeout, retries, faults, copies or CORS. */
export const PLAIN_FORWARD: Omit<Forward, 'choices' | 'total'> = {
  kind: 'forward',
  rewrite: undefined,
  timeout: 0,
  retry: undefined,
  fault: undefined,
  mirrors: [],
  cors: undefined,
  hash: []
}

/** Everything goes to one cluster. */
export function onlyChoice(cluster: ClusterId): Choice {
  return { cluster, weight: 1, authority: undefined, request: undefined, response: undefined }
}

/** A forward decision's fields besides where it goes. */
export const PLAIN_DECISION = {
  kind: 'forward',
  timeout: 0,
  retry: undefined,
  request: undefined,
  response: undefined,
  delay: 0,
  copies: [],
  hash: undefined,
  cookies: []
} as const satisfies Partial<Extract<Decision, { kind: 'forward' }>>
