// A traffic policy as the settings of a cluster, every block with Istio's defaults (istio.md 2.5-2.7, Appendix A). What Envoy is told is
// decided here; which policy applies is destination-rules.ts's to say.

import { parseDuration } from '../api/duration.ts'
import type { ConnectionPool, ConsistentHash, LoadBalancer, OutlierDetection } from '../api/istio-traffic-policy.ts'
import type { Millis } from '../std/clock.ts'
import type { EffectivePolicy } from './destination-rules.ts'
import { maglevSize } from './maglev.ts'
import { PLAIN_SETTINGS, UNLIMITED } from './plain.ts'
import type { Cluster, Detector, HashPolicy, Outlier, RetryBudget, Warmup } from './route-table.ts'
import { headText } from '../std/octets.ts'

/** A cluster's settings, besides what and where it is. */
export type ClusterSettings = Omit<Cluster, 'id' | 'host' | 'namespace' | 'serviceName' | 'port' | 'subset' | 'endpoints' | 'localities'>

/** The settings of a policy. Limits of 0 and limits that are not set are none. */
export function clusterSettings(policy: EffectivePolicy): ClusterSettings {
  const tcp = policy.connectionPool?.tcp
  const http = policy.connectionPool?.http
  return {
    ...balancerOf(policy.loadBalancer),
    panicPercent: Math.max(0, policy.outlierDetection?.minHealthPercent ?? 0),
    outlier: policy.outlierDetection === undefined ? undefined : outlierOf(policy.outlierDetection),
    ...connectionLimits(tcp),
    ...requestLimits(http),
    idleTimeout: duration(http?.idleTimeout ?? tcp?.idleTimeout, PLAIN_SETTINGS.idleTimeout),
    retryBudget: policy.retryBudget === undefined ? undefined : retryBudgetOf(policy.retryBudget)
  }
}

/** The settings of a policy where bytes are carried: what it says of HTTP does not count. */
export function streamSettings(policy: EffectivePolicy): ClusterSettings {
  const { connectionPool, ...rest } = policy
  return clusterSettings(connectionPool?.tcp === undefined ? rest : { ...rest, connectionPool: { tcp: connectionPool.tcp } })
}

function retryBudgetOf({ percent, minRetryConcurrency }: NonNullable<EffectivePolicy['retryBudget']>): RetryBudget {
  return { percent: percent ?? 20, minimum: minRetryConcurrency ?? 3 }
}

type ConnectionLimits = Pick<Cluster, 'connectTimeout' | 'maxConnections' | 'maxConnectionDuration' | 'keepAlive'>

function connectionLimits(tcp: ConnectionPool['tcp']): ConnectionLimits {
  return {
    connectTimeout: duration(tcp?.connectTimeout, PLAIN_SETTINGS.connectTimeout),
    maxConnections: limit(tcp?.maxConnections),
    maxConnectionDuration: duration(tcp?.maxConnectionDuration, PLAIN_SETTINGS.maxConnectionDuration),
    keepAlive: tcp?.tcpKeepalive === undefined ? undefined : duration(tcp.tcpKeepalive.time, 0)
  }
}

type RequestLimits = Pick<Cluster, 'maxPendingRequests' | 'maxRequests' | 'maxRetries' | 'maxRequestsPerConnection'>

function requestLimits(http: ConnectionPool['http']): RequestLimits {
  return {
    maxPendingRequests: limit(http?.http1MaxPendingRequests),
    maxRequests: limit(http?.http2MaxRequests),
    maxRetries: limit(http?.maxRetries),
    maxRequestsPerConnection: limit(http?.maxRequestsPerConnection)
  }
}

type Balancer = Pick<Cluster, 'balance' | 'hashSize' | 'warmup'>

function balancerOf(rule: LoadBalancer | undefined): Balancer {
  if (rule?.consistentHash !== undefined) return { ...hashBalancer(rule.consistentHash), warmup: undefined }
  const balance = simpleBalance(rule)
  const warms = balance === 'round-robin' || balance === 'least-request'
  return { balance, hashSize: PLAIN_SETTINGS.hashSize, warmup: warms ? warmupOf(rule) : undefined }
}

function simpleBalance(rule: LoadBalancer | undefined): Cluster['balance'] {
  switch (rule?.simple) {
    case 'ROUND_ROBIN':
      return 'round-robin'
    case 'RANDOM':
      return 'random'
    case 'PASSTHROUGH':
      return 'passthrough'
    default:
      return 'least-request'
  }
}

/** Ring hash unless Maglev is asked for; sizes of 0 are none. */
function hashBalancer({ maglev, ringHash, minimumRingSize }: ConsistentHash): Omit<Balancer, 'warmup'> {
  if (maglev !== undefined) return { balance: 'maglev', hashSize: maglevSize(maglev.tableSize ?? 0) }
  return {
    balance: 'ring-hash',
    hashSize: (ringHash === undefined ? minimumRingSize : ringHash.minimumRingSize) || PLAIN_SETTINGS.hashSize
  }
}

/** `warmup` and the older `warmupDurationSecs`, which `warmup` replaces. */
function warmupOf(rule: LoadBalancer | undefined): Warmup | undefined {
  const window = duration(rule?.warmup?.duration ?? rule?.warmupDurationSecs, 0)
  if (window <= 0) return undefined
  return { window, minimum: (rule?.warmup?.minimumPercent ?? 10) / 100, aggression: rule?.warmup?.aggression ?? 1 }
}

const LONGEST_EJECTION: Millis = 300_000

/** An empty block turns detection on. Without `consecutiveGatewayErrors` five are noticed and nobody is ejected for them. */
function outlierOf(rule: OutlierDetection): Outlier {
  const baseEjection = duration(rule.baseEjectionTime, 30_000)
  const local = rule.consecutiveLocalOriginFailures ?? 0
  return {
    interval: duration(rule.interval, 10_000),
    baseEjection,
    maxEjection: Math.max(LONGEST_EJECTION, baseEjection),
    maxPercent: (rule.maxEjectionPercent ?? 0) > 0 ? Math.min(100, rule.maxEjectionPercent ?? 0) : 10,
    errors: detector(rule.consecutive5xxErrors, true),
    gateway: detector(rule.consecutiveGatewayErrors, false),
    localOrigin: rule.splitExternalLocalOriginErrors === true ? detector(local > 0 ? local : undefined, true) : undefined
  }
}

function detector(errors: number | null | undefined, enforced: boolean): Detector {
  return errors === undefined || errors === null ? { errors: 5, enforced } : { errors, enforced: errors > 0 }
}

/** Where the key of a consistent hash comes from; undefined when the rule names no key, so that requests go anywhere. */
export function hashPolicyOf(rule: ConsistentHash): HashPolicy | undefined {
  if (rule.httpHeaderName !== undefined) return { kind: 'header', name: rule.httpHeaderName.toLowerCase() }
  if (rule.httpQueryParameterName !== undefined) return { kind: 'query', name: rule.httpQueryParameterName }
  if (rule.useSourceIp === true) return { kind: 'source-ip' }
  const cookie = rule.httpCookie
  if (cookie === undefined) return undefined
  return {
    kind: 'cookie',
    name: headText(cookie.name),
    path: headText(cookie.path ?? ''),
    ttl: cookie.ttl === undefined ? undefined : parseDuration(cookie.ttl),
    attributes: (cookie.attributes ?? []).map(({ name, value }) => [headText(name), headText(value ?? '')] as const)
  }
}

function limit(value: number | undefined): number {
  return value === undefined || value <= 0 ? UNLIMITED : value
}

function duration(text: string | undefined, fallback: Millis): Millis {
  return (text === undefined ? undefined : parseDuration(text)) ?? fallback
}
