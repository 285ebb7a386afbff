// ServiceEntry, WorkloadEntry and WorkloadGroup as Istio's admission check judges them (istio.md 7.4).

import {
  checkEndpoint,
  checkEndpointAddress,
  checkEndpointParts,
  checkProtocol,
  checkUnixAddress,
  isHttpProtocol,
  isPartialWildcard,
  isTlsProtocol,
  isUnixAddress
} from './istio-endpoint-checks.ts'
import { each, eachValue, type IstioFault, refusal, refuseIf, warnIf } from './istio-fault.ts'
import { checkDomain, checkName, isAddressOrRange, isDnsLabel, isIpAddress, nameProblem } from './istio-host-checks.ts'
import type { ServiceEntry, ServiceEntryPort, ServiceEntrySpec } from './istio-service-entry.ts'
import { checkExportTo, checkPort, checkSelector } from './istio-value-checks.ts'
import type { WorkloadEntrySpec } from './istio-workload-entry.ts'

/** Everything that Istio says of a ServiceEntry when it is written. */
export function validateServiceEntry({ metadata, spec }: ServiceEntry): IstioFault[] {
  const endpoints = spec.endpoints ?? []
  const { workloadSelector, hosts } = spec
  return [
    ...(workloadSelector === undefined ? [] : checkSelector(workloadSelector.labels, 'spec.workloadSelector')),
    ...refuseIf(
      workloadSelector !== undefined && endpoints.length > 0,
      'spec',
      'only one of WorkloadSelector or Endpoints is allowed in Service Entry'
    ),
    ...refuseIf(hosts.length === 0, 'spec.hosts', 'service entry must have at least one host'),
    ...each(hosts, 'spec.hosts', (host, at) => checkHost(host, at, spec)),
    ...checkAddresses(spec),
    ...checkPorts(spec),
    ...checkResolution(spec),
    ...checkAmbiguity(spec),
    ...checkExportTo(spec.exportTo, metadata.namespace ?? 'default', 'service-entry')
  ]
}

function checkHost(host: string, path: string, { resolution }: ServiceEntrySpec): IstioFault[] {
  if (host === '*') return [refusal(path, `invalid host ${host}`)]
  const odd = isPartialWildcard(host) && resolution !== 'DYNAMIC_DNS'
  return [...checkDomain(host, path), ...warnIf(odd, path, `partial wildcard "${host}" might not be supported: use *. and a whole label`)]
}

function checkAddresses({ addresses, resolution = 'NONE' }: ServiceEntrySpec): IstioFault[] {
  return each(addresses, 'spec.addresses', (address, at) => {
    if (!isAddressOrRange(address)) return [refusal(at, `${address} is neither an address nor a CIDR range`)]
    const fixed = resolution === 'NONE' || resolution === 'STATIC'
    return refuseIf(address.includes('/') && !fixed, at, 'CIDR addresses are allowed only for NONE/STATIC resolution types')
  })
}

function checkPorts(spec: ServiceEntrySpec): IstioFault[] {
  const ports = spec.ports ?? []
  return each(ports, 'spec.ports', (port, at) => {
    const index = ports.indexOf(port)
    const before = ports.slice(0, index)
    return [
      ...refuseIf(
        before.some(({ name }) => name === port.name),
        `${at}.name`,
        `service entry port name "${port.name}" already defined`
      ),
      ...refuseIf(
        before.some(({ number }) => number === port.number),
        `${at}.number`,
        `service entry port ${port.number} already defined`
      ),
      ...refuseIf(!isDnsLabel(port.name), `${at}.name`, `invalid port name: "${port.name}"`),
      ...checkProtocol(port.protocol, `${at}.protocol`),
      ...checkPort(port.number, `${at}.number`),
      ...((port.targetPort ?? 0) === 0 ? [] : checkPort(port.targetPort ?? 0, `${at}.targetPort`)),
      ...checkTold(port, at, spec)
    ]
  })
}

/** Without an address a TCP port takes the calls of every host on that port. */
function checkTold({ protocol = '' }: ServiceEntryPort, path: string, { addresses = [] }: ServiceEntrySpec): IstioFault[] {
  if (addresses.length > 0 || !['', 'TCP'].includes(protocol.toUpperCase())) return []
  const message = 'addresses are required for ports serving TCP (or unset) protocol when no address is allocated for the entry'
  return [{ code: 'addresses-required', severity: 'warning', path, message, istio: 'IST0134' }]
}

function checkResolution(spec: ServiceEntrySpec): IstioFault[] {
  const { resolution = 'NONE', endpoints = [], workloadSelector } = spec
  switch (resolution) {
    case 'NONE':
      return [
        ...refuseIf(endpoints.length > 0, 'spec.endpoints', 'no endpoints should be provided for resolution type none'),
        ...warnIf(workloadSelector !== undefined, 'spec.resolution', 'resolution type NONE with workloadSelector: no endpoint is used'),
        ...each(spec.ports, 'spec.ports', ({ targetPort = 0 }, at) =>
          warnIf(targetPort !== 0, `${at}.targetPort`, 'targetPort has no effect with resolution NONE')
        )
      ]
    case 'STATIC':
      return each(endpoints, 'spec.endpoints', (endpoint, at) => checkStatic(endpoint, at, spec))
    case 'DNS':
    case 'DNS_ROUND_ROBIN':
      return checkDns(spec)
    case 'DYNAMIC_DNS':
      return checkDynamic(spec)
  }
}

function checkStatic(endpoint: WorkloadEntrySpec, path: string, { ports = [] }: ServiceEntrySpec): IstioFault[] {
  const { address = '' } = endpoint
  const place = `${path}.address`
  const socket = isUnixAddress(address)
  return [
    ...checkEndpointAddress(endpoint, path),
    ...(socket
      ? checkUnixAddress(address, place)
      : refuseIf(address !== '' && !isIpAddress(address), place, `${address} is not a valid IP`)),
    ...refuseIf(socket && ports.length !== 1, place, 'exactly 1 service port required for unix endpoints'),
    ...checkPortNames(endpoint, path, ports),
    ...checkEndpointParts(endpoint, path)
  ]
}

function checkPortNames({ ports }: WorkloadEntrySpec, path: string, known: readonly ServiceEntryPort[]): IstioFault[] {
  return eachValue(ports, `${path}.ports`, (_, at, name) =>
    refuseIf(!known.some((port) => port.name === name), at, `endpoint port ${name} is not defined by the service entry`)
  )
}

function checkDns(spec: ServiceEntrySpec): IstioFault[] {
  const { endpoints = [], hosts, ports = [], resolution } = spec
  if (endpoints.length === 0) return each(hosts, 'spec.hosts', checkName)
  return [
    ...refuseIf(
      resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1,
      'spec.endpoints',
      'there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN'
    ),
    ...each(endpoints, 'spec.endpoints', (endpoint, at) => {
      const { address = '' } = endpoint
      const wrong = address === '' ? 'endpoint address is required' : nameProblem(address)
      return [
        ...refuseIf(
          wrong !== undefined && !isIpAddress(address),
          `${at}.address`,
          `endpoint address "${address}" is not a valid FQDN or an IP address`
        ),
        ...checkPortNames(endpoint, at, ports),
        ...checkEndpointParts(endpoint, at)
      ]
    })
  ]
}

const DYNAMIC_PROTOCOLS = ['HTTP', 'HTTP2', 'GRPC', 'TLS']

function checkDynamic({ hosts, addresses = [], endpoints = [], ports }: ServiceEntrySpec): IstioFault[] {
  return [
    ...each(hosts, 'spec.hosts', (host, at) =>
      refuseIf(!host.startsWith('*'), at, `host must be a wildcard for resolution mode DYNAMIC_DNS, not ${host}`)
    ),
    ...refuseIf(addresses.length > 0, 'spec.addresses', 'addresses cannot be set for resolution mode DYNAMIC_DNS'),
    ...refuseIf(endpoints.length > 0, 'spec.endpoints', 'no endpoints should be provided for resolution mode DYNAMIC_DNS'),
    ...each(ports, 'spec.ports', ({ protocol = '' }, at) =>
      refuseIf(
        !DYNAMIC_PROTOCOLS.includes(protocol.toUpperCase()),
        at,
        `protocol "${protocol}" is not supported for resolution mode DYNAMIC_DNS`
      )
    )
  ]
}

/** Several hosts on a port whose traffic does not name its host. */
function checkAmbiguity({ hosts, ports = [], resolution = 'NONE', addresses = [] }: ServiceEntrySpec): IstioFault[] {
  if (hosts.length < 2) return []
  const silent = ports.some(({ protocol = '' }) => !isHttpProtocol(protocol) && !isTlsProtocol(protocol))
  const tcp = ports.some(({ protocol = '' }) => protocol.toUpperCase() === 'TCP')
  const dns = resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN'
  return [
    ...refuseIf(silent && resolution !== 'NONE', 'spec.hosts', 'multiple hosts provided with non-HTTP, non-TLS ports'),
    ...warnIf(dns && tcp && addresses.length > 0, 'spec.hosts', 'several hosts share the addresses on a TCP port: the first is called')
  ]
}

/** Everything that Istio says of a WorkloadEntry's spec when it is written. */
export function validateWorkloadEntry({ spec }: { readonly spec: WorkloadEntrySpec }): IstioFault[] {
  return checkEndpoint(spec, 'spec')
}
