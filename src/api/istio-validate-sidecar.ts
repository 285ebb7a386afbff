// A Sidecar as Istio's admission check judges it: listeners that do not meet, hosts with their namespace, TLS of calls coming in.

import {
  checkBind,
  checkListenPort,
  checkPlacedHost,
  checkProtocol,
  checkUnixAddress,
  isHttpProtocol,
  isTlsProtocol,
  isUnixAddress
} from './istio-endpoint-checks.ts'
import { each, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import { checkName, isIpAddress } from './istio-host-checks.ts'
import { checkConnectionPool } from './istio-policy-checks.ts'
import { checkServerTls } from './istio-server-tls-checks.ts'
import type { Sidecar, SidecarSpec } from './istio-sidecar.ts'
import { checkPortSelector, checkSelector } from './istio-value-checks.ts'

type Egress = NonNullable<SidecarSpec['egress']>[number]
type Ingress = NonNullable<SidecarSpec['ingress']>[number]

/** Everything that Istio says of a Sidecar when it is written. */
export function validateSidecar({ spec }: Sidecar): IstioFault[] {
  const { egress = [], ingress = [], workloadSelector, inboundConnectionPool, outboundTrafficPolicy } = spec
  const empty = egress.length + ingress.length === 0 && inboundConnectionPool === undefined && outboundTrafficPolicy === undefined
  return [
    ...(workloadSelector === undefined ? [] : checkSelector(workloadSelector.labels, 'spec.workloadSelector')),
    ...refuseIf(empty, 'spec', 'sidecar: empty ingress, egress, inboundConnectionPool and outboundTrafficPolicy'),
    ...each(ingress, 'spec.ingress', checkIngress),
    ...checkTwice(ingress.map(listenedOn), 'spec.ingress'),
    ...checkConnectionPool(inboundConnectionPool, 'spec.inboundConnectionPool'),
    ...each(egress, 'spec.egress', checkEgress),
    ...checkTwice(egress.map(listenedOn), 'spec.egress'),
    ...checkCatchAll(egress),
    ...checkOutbound(outboundTrafficPolicy, 'spec.outboundTrafficPolicy')
  ]
}

/** What a listener takes for itself: its port, or its socket; undefined for the one that takes the rest. */
function listenedOn({ port, bind }: Pick<Egress, 'port' | 'bind'>): string | undefined {
  return isUnixAddress(bind) ? bind : port === undefined ? undefined : `port ${port.number ?? 0}`
}

function checkTwice(taken: readonly (string | undefined)[], path: string): IstioFault[] {
  return taken.flatMap((what, index) =>
    refuseIf(what !== undefined && taken.indexOf(what) < index, `${path}[${index}]`, `sidecar: ${what} is listened on twice`)
  )
}

function checkCatchAll(egress: readonly Egress[]): IstioFault[] {
  return egress.flatMap(({ port }, index) =>
    refuseIf(
      port === undefined && index < egress.length - 1,
      `spec.egress[${index}]`,
      'sidecar: the egress listener with empty port should be the last listener in the list, and the only one'
    )
  )
}

const HOSTS = { kind: 'sidecar', namespaces: ['*', '.', '~'] } as const

function checkEgress(listener: Egress, path: string): IstioFault[] {
  const { hosts, port, bind = '', captureMode = 'DEFAULT' } = listener
  return [
    ...refuseIf(hosts.length === 0, `${path}.hosts`, 'sidecar: egress listener must contain at least one host'),
    ...each(hosts, `${path}.hosts`, (host, at) => checkPlacedHost(host, at, HOSTS)),
    ...warnIf(hosts.includes('*/*') && hosts.length > 1, `${path}.hosts`, '`*/*` host select all resources, no other hosts can be added'),
    ...(port === undefined
      ? refuseIf(bind !== '', `${path}.bind`, 'sidecar: port required if bind is specified')
      : [...checkSidecarPort(port, `${path}.port`, bind), ...checkBind(bind, `${path}.bind`)]),
    ...refuseIf(
      isUnixAddress(bind) && captureMode === 'IPTABLES',
      `${path}.captureMode`,
      'sidecar: captureMode must be DEFAULT or NONE for unix domain socket listeners'
    )
  ]
}

function checkSidecarPort({ number = 0, protocol }: NonNullable<Egress['port']>, path: string, bind: string): IstioFault[] {
  return [...checkListenPort(number, `${path}.number`, bind), ...checkProtocol(protocol, `${path}.protocol`)]
}

function checkIngress(listener: Ingress, path: string): IstioFault[] {
  const { port, bind = '', connectionPool } = listener
  const { number = 0, protocol = '' } = port
  const silent = connectionPool?.http !== undefined && protocol !== '' && !isHttpProtocol(protocol)
  return [
    ...checkSidecarPort(port, `${path}.port`, ''),
    ...refuseIf(bind !== '' && !isIpAddress(bind), `${path}.bind`, `${bind} is not a valid IP`),
    ...checkDefaultEndpoint(listener.defaultEndpoint ?? '', `${path}.defaultEndpoint`),
    ...checkIngressTls(listener, `${path}.tls`),
    ...checkConnectionPool(connectionPool, `${path}.connectionPool`),
    ...warnIf(
      silent,
      `${path}.connectionPool.http`,
      `sidecar: HTTP connection pool settings are configured for port ${number} but its protocol is ${protocol}; only TCP settings will apply`
    )
  ]
}

const LOCAL_HOSTS = ['127.0.0.1', '0.0.0.0', '[::1]', '[::]']

function checkDefaultEndpoint(endpoint: string, path: string): IstioFault[] {
  if (endpoint === '') return []
  if (isUnixAddress(endpoint)) return checkUnixAddress(endpoint, path)
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(endpoint) ?? []
  if (!LOCAL_HOSTS.includes(host)) {
    return [
      refusal(path, 'sidecar: defaultEndpoint must be of form 127.0.0.1:<port>,0.0.0.0:<port>,[::1]:<port>,[::]:<port> or unix://filepath')
    ]
  }
  return checkPortSelector({ number: Number(port) }, path)
}

function checkIngressTls({ tls, port }: Ingress, path: string): IstioFault[] {
  if (tls === undefined) return []
  const { mode = 'PASSTHROUGH' } = tls
  return [
    ...refuseIf((tls.subjectAltNames ?? []).length > 0, path, 'sidecar: subjectAltNames is not supported in ingress tls'),
    ...refuseIf(tls.httpsRedirect === true, path, 'sidecar: httpsRedirect is not supported in ingress tls'),
    ...refuseIf((tls.credentialName ?? '') !== '', path, 'sidecar: credentialName is not supported in ingress tls'),
    ...refuseIf(
      mode === 'ISTIO_MUTUAL' || mode === 'AUTO_PASSTHROUGH',
      `${path}.mode`,
      `configuration is invalid: cannot set mode to ${mode} in sidecar ingress tls`
    ),
    ...refuseIf(!isTlsProtocol(port.protocol ?? ''), path, 'server cannot have TLS settings for non HTTPS/TLS ports'),
    ...checkServerTls(tls, path)
  ]
}

function checkOutbound(policy: SidecarSpec['outboundTrafficPolicy'], path: string): IstioFault[] {
  const proxy = policy?.egressProxy
  if (proxy === undefined) return []
  return [
    ...refuseIf(
      (policy?.mode ?? 'REGISTRY_ONLY') !== 'ALLOW_ANY',
      path,
      'sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode'
    ),
    ...checkName(proxy.host, `${path}.egressProxy.host`),
    ...(proxy.port === undefined
      ? [refusal(`${path}.egressProxy.port`, 'sidecar: egress_proxy port must be non-nil')]
      : checkPortSelector(proxy.port, `${path}.egressProxy.port`))
  ]
}
