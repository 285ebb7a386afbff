// Where things listen and are called, as Istio's admission check judges it (istio.md 7.0, 7.3, 7.4): protocols, ports, sockets, hosts with a
// namespace, and the endpoints of ServiceEntry, WorkloadEntry and WorkloadGroup.

import { eachValue, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import { domainProblem, isDnsLabel, isIpAddress, nameProblem } from './istio-host-checks.ts'
import { checkLabels, checkPort } from './istio-value-checks.ts'
import type { WorkloadEntrySpec } from './istio-workload-entry.ts'

const HTTP_PROTOCOLS = ['HTTP', 'HTTP2', 'HTTP_PROXY', 'GRPC', 'GRPC-WEB']
const TLS_PROTOCOLS = ['HTTPS', 'TLS']
const PROTOCOLS = [...HTTP_PROTOCOLS, ...TLS_PROTOCOLS, 'TCP', 'UDP', 'MONGO', 'REDIS', 'MYSQL', 'HBONE', 'DOUBLE-HBONE']

/** True for HTTP without TLS, in any of its versions. */
export function isHttpProtocol(protocol: string): boolean {
  return HTTP_PROTOCOLS.includes(protocol.toUpperCase())
}

/** True for HTTPS and TLS. */
export function isTlsProtocol(protocol: string): boolean {
  return TLS_PROTOCOLS.includes(protocol.toUpperCase())
}

/** A protocol that Istio knows; none means that it is found out. */
export function checkProtocol(protocol: string | undefined, path: string): IstioFault[] {
  const known = protocol === undefined || protocol === '' || PROTOCOLS.includes(protocol.toUpperCase())
  return refuseIf(!known, path, `unsupported protocol: ${protocol}`)
}

const UNIX = 'unix://'

/** True for the address of a socket in the file system. */
export function isUnixAddress(address: string | undefined): boolean {
  return address?.startsWith(UNIX) === true
}

/** `unix:///path` or `unix://@name`. */
export function checkUnixAddress(address: string, path: string): IstioFault[] {
  const file = address.slice(UNIX.length)
  if (file === '' || file === '@') return [refusal(path, 'unix address must not be empty')]
  const absolute = file.startsWith('/') || file.startsWith('@')
  return [
    ...refuseIf(!absolute, path, `${file} is not an absolute path`),
    ...refuseIf(file.startsWith('/') && file.endsWith('/'), path, `${file} is a folder`)
  ]
}

/** A number, which a socket has not: 0 there. */
export function checkListenPort(number: number, path: string, bind: string | undefined): IstioFault[] {
  if (isUnixAddress(bind)) return refuseIf(number !== 0, path, 'port number must be 0 for unix domain socket')
  return checkPort(number, path)
}

/** An address to listen on: of the network, or a socket. */
export function checkBind(bind: string | undefined, path: string): IstioFault[] {
  if (bind === undefined || bind === '') return []
  if (isUnixAddress(bind)) return checkUnixAddress(bind, path)
  return refuseIf(!isIpAddress(bind), path, `${bind} is not a valid IP`)
}

/** `namespace/host`: which namespaces, besides names, the kind allows, and whether the host may be an address and the namespace absent. */
export interface PlacedHostRules {
  readonly kind: 'gateway' | 'sidecar'
  readonly namespaces: readonly string[]
}

/** A host with its namespace, in full: no short names, and a star only as a whole label. */
export function checkPlacedHost(text: string, path: string, { kind, namespaces }: PlacedHostRules): IstioFault[] {
  const slash = text.indexOf('/')
  if (slash < 0) return kind === 'gateway' ? checkFullHost(text, path, kind) : [refusal(path, 'host must be of form namespace/dnsName')]
  const namespace = text.slice(0, slash)
  const host = text.slice(slash + 1)
  if (namespace === '' || host === '') return [refusal(path, 'config namespace and dnsName in host entry cannot be empty')]
  return [
    ...refuseIf(!namespaces.includes(namespace) && !isDnsLabel(namespace), path, `invalid namespace value "${namespace}" in ${kind}`),
    ...checkFullHost(host, path, kind)
  ]
}

function checkFullHost(host: string, path: string, kind: 'gateway' | 'sidecar'): IstioFault[] {
  if (host === '*' || (kind === 'gateway' && host.includes('.') && isIpAddress(host))) return []
  if (!host.includes('.')) return [refusal(path, `short names (non FQDN) are not allowed: "${host}"`)]
  const wrong = domainProblem(host)
  if (wrong !== undefined) return [refusal(path, wrong)]
  return refuseIf(isPartialWildcard(host), path, `partial wildcard "${host}" not allowed`)
}

/** True for a star with something beside it before the first dot. */
export function isPartialWildcard(host: string): boolean {
  return host.startsWith('*') && host !== '*' && !host.startsWith('*.')
}

/** An endpoint that stands for itself: by socket, address or name. */
export function checkEndpoint(entry: WorkloadEntrySpec, path: string): IstioFault[] {
  const { address = '' } = entry
  return [...checkEndpointAddress(entry, path), ...checkNamed(address, `${path}.address`), ...checkEndpointParts(entry, path)]
}

/** An address or a network: with a network alone the gateway of that network is called. */
export function checkEndpointAddress({ address = '', network = '' }: WorkloadEntrySpec, path: string): IstioFault[] {
  if (address !== '') return []
  return network === ''
    ? [refusal(path, 'address must be set')]
    : warnIf(true, path, 'address is unset with network set; only supported when the network has a gateway')
}

function checkNamed(address: string, path: string): IstioFault[] {
  if (address === '' || isIpAddress(address)) return []
  if (isUnixAddress(address)) return checkUnixAddress(address, path)
  return refuseIf(nameProblem(address) !== undefined, path, `endpoint address "${address}" is not a valid FQDN or an IP address`)
}

/** Ports and labels of an endpoint. */
export function checkEndpointParts({ address, ports, labels }: WorkloadEntrySpec, path: string): IstioFault[] {
  const socketPorts = isUnixAddress(address) && Object.keys(ports ?? {}).length > 0
  return [
    ...refuseIf(socketPorts, `${path}.ports`, 'unix endpoint must not include ports'),
    ...eachValue(ports, `${path}.ports`, (number, at, name) => [
      ...refuseIf(!isDnsLabel(name), at, `invalid port name: "${name}"`),
      ...checkPort(number, at)
    ]),
    ...checkLabels(labels, `${path}.labels`)
  ]
}
