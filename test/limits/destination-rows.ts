// Bounds of destinations and routes, which Istio's resources set: each is met once, and counted under Envoy's name.

import type { ClusterStatName } from '../../src/route/cluster-stats.ts'
import type { RetryPolicy } from '../../src/route/decision.ts'
import { ok } from '../proxy-plane.ts'
import type { Ground } from '../upset/ground.ts'
import type { Peer } from '../upset/peer.ts'
import { FINE, GET, answered, says, serveFine, stall } from './row.ts'
import type { Row } from './row.ts'

/** A bound by the field that sets it. */
export interface DestinationRow extends Omit<Row, 'limits'> {
  readonly counter: ClusterStatName
}

const OVERFLOW = '503 "reset reason: overflow"; open'
const OVERFLOWN = '503 UO upstream_reset_before_response_started{overflow}'
const RETRY: RetryPolicy = { attempts: 1, perTryTimeout: 0, on: ['5xx'], statuses: [], avoidTried: false, backoffBase: 1, backoffMax: 2 }

async function serveLate(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    await peer.later(1000)
    peer.say(ok('late'))
  }
}

async function serveErrors(peer: Peer): Promise<void> {
  for (;;) {
    await peer.request()
    peer.say('HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n')
  }
}

// The second client asks while the first one's request is at the endpoint; then both wait for their answers.
async function twoWait(ground: Ground): Promise<void> {
  const first = ground.call(GET)
  await ground.until(() => ground.stat('upstream_rq_active') === 1)
  const second = ground.call(GET)
  await ground.until(() => first.length > 0 && second.length > 0)
  await ground.pass(1)
}

const later =
  (millis: number): Row['play'] =>
  async (ground) => {
    await answered(ground, GET)
    await ground.pass(millis)
  }

export const DESTINATION_ROWS: Readonly<Record<string, DestinationRow>> = {
  'connectionPool.tcp.maxConnections': {
    cluster: { maxConnections: 1 },
    counter: 'upstream_cx_overflow',
    serve: serveLate,
    play: twoWait,
    told: ['200 "late"; open', '200 "late"; open'],
    lines: ['200 - via_upstream', '200 - via_upstream']
  },
  'connectionPool.tcp.connectTimeout': {
    cluster: { connectTimeout: 1000 },
    counter: 'upstream_cx_connect_timeout',
    calls: 'unanswered',
    play: says(GET),
    told: ['503 "reset reason: connection timeout"; open'],
    lines: ['503 UF upstream_reset_before_response_started{connection_timeout}']
  },
  'connectionPool.tcp.maxConnectionDuration': {
    cluster: { maxConnectionDuration: 3000 },
    counter: 'upstream_cx_max_duration_reached',
    serve: serveFine,
    play: later(3200),
    told: ['200 "fine"; open'],
    lines: [FINE]
  },
  'connectionPool.http.http1MaxPendingRequests': {
    cluster: { maxConnections: 1, maxPendingRequests: 0 },
    counter: 'upstream_rq_pending_overflow',
    play: says(GET),
    told: [OVERFLOW],
    lines: [OVERFLOWN]
  },
  'connectionPool.http.http2MaxRequests': {
    cluster: { maxRequests: 1 },
    counter: 'upstream_rq_active_overflow',
    serve: serveLate,
    play: twoWait,
    told: ['200 "late"; open', OVERFLOW],
    lines: [OVERFLOWN, '200 - via_upstream']
  },
  'connectionPool.http.maxRetries': {
    cluster: { maxRetries: 0 },
    action: { retry: RETRY },
    counter: 'upstream_rq_retry_overflow',
    serve: serveErrors,
    play: says(GET),
    told: ['500 ""; open'],
    lines: ['500 UO via_upstream']
  },
  'connectionPool.http.maxRequestsPerConnection': {
    cluster: { maxRequestsPerConnection: 1 },
    counter: 'upstream_cx_max_requests',
    serve: serveFine,
    play: says(GET),
    told: ['200 "fine"; open'],
    lines: [FINE]
  },
  'connectionPool.http.idleTimeout': {
    cluster: { idleTimeout: 3000 },
    counter: 'upstream_cx_idle_timeout',
    serve: serveFine,
    play: later(3200),
    told: ['200 "fine"; open'],
    lines: [FINE]
  },
  timeout: {
    action: { timeout: 3000 },
    counter: 'upstream_rq_timeout',
    serve: stall,
    play: says(GET),
    told: ['504 "upstream request timeout"; open'],
    lines: ['504 UT response_timeout']
  },
  'retries.perTryTimeout': {
    action: { retry: { ...RETRY, attempts: 0, perTryTimeout: 1000 } },
    counter: 'upstream_rq_per_try_timeout',
    serve: stall,
    play: says(GET),
    told: ['504 "upstream request timeout"; open'],
    lines: ['504 URX,UT upstream_per_try_timeout']
  },
  'retries.attempts': {
    action: { retry: RETRY },
    counter: 'upstream_rq_retry_limit_exceeded',
    serve: serveErrors,
    play: says(GET),
    told: ['500 ""; open'],
    lines: ['500 URX via_upstream']
  }
}
