// A Gateway as Istio's admission check judges it (istio.md 7.3).

import { checkBind, checkListenPort, checkPlacedHost, checkProtocol, isHttpProtocol, isTlsProtocol } from './istio-endpoint-checks.ts'
import { each, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import type { Gateway, GatewayServer } from './istio-gateway.ts'
import { isDnsLabel } from './istio-host-checks.ts'
import { checkServerTls } from './istio-server-tls-checks.ts'

/** Everything that Istio says of a Gateway when it is written. */
export function validateGateway({ metadata: { name = '' }, spec }: Gateway): IstioFault[] {
  const servers = spec.servers ?? []
  const names = servers.map(({ port }) => port.name)
  return [
    ...refuseIf(!isDnsLabel(name), 'metadata.name', `invalid gateway name: ${name}`),
    ...(servers.length === 0 ? [refusal('spec.servers', 'gateway must have at least one server')] : []),
    ...each(servers, 'spec.servers', checkServer),
    ...names.flatMap((port, index) =>
      refuseIf(
        port !== '' && names.indexOf(port) < index,
        `spec.servers[${index}].port.name`,
        `port names in servers must be unique: duplicate name ${port}`
      )
    )
  ]
}

const HOSTS = { kind: 'gateway', namespaces: ['*', '.'] } as const

function checkServer(server: GatewayServer, path: string): IstioFault[] {
  const { port, bind } = server
  return [
    ...refuseIf(server.hosts.length === 0, `${path}.hosts`, 'server config must contain at least one host'),
    ...each(server.hosts, `${path}.hosts`, (host, at) => checkPlacedHost(host, at, HOSTS)),
    ...checkProtocol(port.protocol, `${path}.port.protocol`),
    ...checkListenPort(port.number, `${path}.port.number`, bind),
    ...refuseIf(port.name === '', `${path}.port.name`, 'port name must be set'),
    ...refuseIf((port.targetPort ?? 0) !== 0, `${path}.port.targetPort`, 'targetPort has no effect on Gateways'),
    ...checkBind(bind, `${path}.bind`),
    ...checkServerTls(server.tls, `${path}.tls`),
    ...checkTlsOfProtocol(server, path)
  ]
}

/** TLS where the protocol has it; plain HTTP may redirect to it. */
function checkTlsOfProtocol({ port: { protocol }, tls }: GatewayServer, path: string): IstioFault[] {
  const http = isHttpProtocol(protocol)
  const redirect = warnIf(
    tls?.httpsRedirect === true && !http,
    `${path}.tls.httpsRedirect`,
    'tls.httpsRedirect should only be used with http servers'
  )
  if (isTlsProtocol(protocol))
    return [...redirect, ...refuseIf(tls === undefined, path, 'server must have TLS settings for HTTPS/TLS protocols')]
  if (tls === undefined) return []
  if (!http) return [...redirect, refusal(`${path}.tls`, 'server cannot have TLS settings for non HTTPS/TLS ports')]
  const files = [tls.serverCertificate, tls.privateKey, tls.caCertificates].some((file) => file !== undefined && file !== '')
  const ends = !(tls.mode ?? 'PASSTHROUGH').endsWith('PASSTHROUGH')
  return refuseIf(files || ends, `${path}.tls`, 'server cannot have TLS settings for plain text HTTP ports')
}
