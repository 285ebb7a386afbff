// The settings of connections to a host, as Istio's admission check judges them (istio.md 7.2): pools, outlier detection, TLS, and by port.
// Load balancers are in istio-balancer-checks.ts.

import { checkLoadBalancer } from './istio-balancer-checks.ts'
import { each, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import { isIpAddress, nameProblem } from './istio-host-checks.ts'
import type { ClientTls, ConnectionPool, OutlierDetection, PortTrafficPolicy, TrafficPolicy } from './istio-traffic-policy.ts'
import { checkDuration, checkDurationOrZero, checkNotNegative, checkPercent, checkPort, checkPortSelector } from './istio-value-checks.ts'

/** Settings of all ports of a host. */
export function checkTrafficPolicy(policy: TrafficPolicy | undefined, path: string, namespace: string): IstioFault[] {
  if (policy === undefined) return []
  if (Object.values(policy).every((block) => block === undefined)) return [refusal(path, 'traffic policy must have at least one field')]
  return [
    ...checkTunnel(policy, path),
    ...checkBlocks(policy, path, namespace),
    ...each(policy.portLevelSettings, `${path}.portLevelSettings`, (port, at) => checkPortPolicy(port, at, namespace))
  ]
}

/** The errors among some faults: what Istio passes on from inner policies. */
export function errorsOf(faults: readonly IstioFault[]): IstioFault[] {
  return faults.filter(({ severity }) => severity === 'error')
}

type Blocks = Pick<TrafficPolicy, 'connectionPool' | 'loadBalancer' | 'outlierDetection' | 'tls'>

function checkBlocks(policy: Blocks, path: string, namespace: string): IstioFault[] {
  return [
    ...checkOutlierDetection(policy.outlierDetection, `${path}.outlierDetection`),
    ...checkConnectionPool(policy.connectionPool, `${path}.connectionPool`),
    ...checkLoadBalancer(policy.loadBalancer, `${path}.loadBalancer`, { ejects: policy.outlierDetection !== undefined }),
    ...checkClientTls(policy.tls, `${path}.tls`, namespace)
  ]
}

function checkPortPolicy(policy: PortTrafficPolicy, path: string, namespace: string): IstioFault[] {
  const { port, ...blocks } = policy
  const none = Object.values(blocks).every((block) => block === undefined)
  return [
    ...(port === undefined ? [refusal(path, 'portLevelSettings must have a port')] : checkPortSelector(port, `${path}.port`)),
    ...refuseIf(none, path, 'port level settings must have at least one field beside the port'),
    ...errorsOf(checkBlocks(blocks, path, namespace))
  ]
}

function checkTunnel({ tunnel, proxyProtocol }: TrafficPolicy, path: string): IstioFault[] {
  if (tunnel === undefined) return []
  const at = `${path}.tunnel`
  return [
    ...refuseIf(proxyProtocol !== undefined, path, 'tunnel and proxyProtocol must not be set together'),
    ...refuseIf(!['', 'CONNECT', 'POST'].includes(tunnel.protocol ?? ''), `${at}.protocol`, 'tunnel protocol must be "CONNECT" or "POST"'),
    ...refuseIf(
      nameProblem(tunnel.targetHost) !== undefined && !isIpAddress(tunnel.targetHost),
      `${at}.targetHost`,
      'tunnel target host must be a valid FQDN or IP address'
    ),
    ...checkPort(tunnel.targetPort, `${at}.targetPort`)
  ]
}

/** Outlier detection: times, shares, and what counts. */
export function checkOutlierDetection(outlier: OutlierDetection | undefined, path: string): IstioFault[] {
  if (outlier === undefined) return []
  const local = outlier.consecutiveLocalOriginFailures ?? 0
  return [
    ...checkDuration(outlier.baseEjectionTime, `${path}.baseEjectionTime`),
    ...checkDuration(outlier.interval, `${path}.interval`),
    ...warnIf(
      (outlier.consecutiveErrors ?? 0) !== 0,
      `${path}.consecutiveErrors`,
      'outlier detection consecutive errors is deprecated, use consecutiveGatewayErrors or consecutive5xxErrors instead'
    ),
    ...refuseIf(
      local > 0 && outlier.splitExternalLocalOriginErrors !== true,
      `${path}.consecutiveLocalOriginFailures`,
      'outlier detection consecutive local origin failures is specified, but split external local origin errors is set to false'
    ),
    ...checkPercent(outlier.maxEjectionPercent, `${path}.maxEjectionPercent`),
    ...checkPercent(outlier.minHealthPercent, `${path}.minHealthPercent`)
  ]
}

/** Pools: something in them, no negative numbers, times that are times. */
export function checkConnectionPool(pool: ConnectionPool | undefined, path: string): IstioFault[] {
  if (pool === undefined) return []
  if (pool.http === undefined && pool.tcp === undefined) return [refusal(path, 'connection pool must have at least one field')]
  return [...checkHttpPool(pool.http, `${path}.http`), ...checkTcpPool(pool.tcp, `${path}.tcp`)]
}

const HTTP_LIMITS = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'maxConcurrentStreams'
] as const

function checkHttpPool(http: ConnectionPool['http'], path: string): IstioFault[] {
  if (http === undefined) return []
  return [
    ...HTTP_LIMITS.flatMap((field) => checkNotNegative(http[field], `${path}.${field}`, field)),
    ...checkDuration(http.idleTimeout, `${path}.idleTimeout`),
    ...refuseIf(
      http.h2UpgradePolicy === 'UPGRADE' && http.useClientProtocol === true,
      path,
      'use client protocol must not be true when H2UpgradePolicy is UPGRADE'
    )
  ]
}

function checkTcpPool(tcp: ConnectionPool['tcp'], path: string): IstioFault[] {
  if (tcp === undefined) return []
  return [
    ...checkNotNegative(tcp.maxConnections, `${path}.maxConnections`, 'max connections'),
    ...checkDuration(tcp.connectTimeout, `${path}.connectTimeout`),
    ...checkDuration(tcp.maxConnectionDuration, `${path}.maxConnectionDuration`),
    ...checkDurationOrZero(tcp.idleTimeout, `${path}.idleTimeout`),
    ...checkDuration(tcp.tcpKeepalive?.time, `${path}.tcpKeepalive.time`),
    ...checkDuration(tcp.tcpKeepalive?.interval, `${path}.tcpKeepalive.interval`)
  ]
}

function checkClientTls(tls: ClientTls | undefined, path: string, namespace: string): IstioFault[] {
  if (tls === undefined) return []
  const { mode = 'DISABLE', credentialName = '' } = tls
  const named = (mode === 'SIMPLE' || mode === 'MUTUAL') && credentialName !== ''
  return [...checkUnverified(tls, path), ...(named ? checkCredential(tls, path, namespace) : checkFiles(tls, path))]
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== ''
}

/** Who does not verify has nothing to verify with. */
function checkUnverified(tls: ClientTls, path: string): IstioFault[] {
  if (tls.insecureSkipVerify !== true) return []
  const verifies = isSet(tls.caCertificates) || tls.subjectAltNames !== undefined
  const wrong = (tls.mode === 'SIMPLE' && (verifies || isSet(tls.credentialName))) || (tls.mode === 'MUTUAL' && verifies)
  const what = tls.mode === 'SIMPLE' ? 'CaCertificates, CredentialName or SubjectAltNames' : 'CaCertificates or SubjectAltNames'
  return refuseIf(wrong, path, `cannot specify ${what} when InsecureSkipVerify is set true`)
}

function checkCredential(tls: ClientTls, path: string, namespace: string): IstioFault[] {
  const files = [tls.clientCertificate, tls.caCertificates, tls.privateKey, tls.caCrl].some(isSet)
  const elsewhere = /^configmap:\/\/(?:([^/]+)\/)?/.exec(tls.credentialName ?? '')?.[1]
  return [
    ...refuseIf(files, path, 'cannot specify client certificates or CA certificate or CA CRL if credentialName is set'),
    ...refuseIf(
      elsewhere !== undefined && elsewhere !== namespace,
      `${path}.credentialName`,
      'a credential in a configmap must be in the same namespace'
    )
  ]
}

function checkFiles(tls: ClientTls, path: string): IstioFault[] {
  if (tls.mode !== 'MUTUAL') return []
  return [
    ...refuseIf(!isSet(tls.clientCertificate), path, 'client certificate required for mutual tls'),
    ...refuseIf(!isSet(tls.privateKey), path, 'private key required for mutual tls')
  ]
}
