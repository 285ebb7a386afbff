// A VirtualService as Istio's admission check judges it (istio.md 7.1): hosts, gateways, and the rules of each protocol. Which rules no
// request can reach is lint's to say.

import { caution, each, type IstioFault, refusal, refuseIf } from './istio-fault.ts'
import {
  checkGatewayNames,
  checkDomain,
  domainProblem,
  hostsOverlap,
  isAddressOrRange,
  isIpAddress,
  isSubsetOf
} from './istio-host-checks.ts'
import { checkCaller, claimsIn } from './istio-match-checks.ts'
import { checkDestinations, checkHttpRoute } from './istio-route-checks.ts'
import { checkExportTo } from './istio-value-checks.ts'
import type { HttpRoute, TcpRoute, TlsRoute, VirtualService, VirtualServiceSpec } from './istio-virtual-service.ts'

/** Everything that Istio says of a VirtualService when it is written. */
export function validateVirtualService({ metadata, spec }: VirtualService): IstioFault[] {
  const hosts = spec.hosts ?? []
  const http = spec.http ?? []
  const owner = hosts.length === 0 ? 'delegate' : 'root'
  const empty = http.length + (spec.tcp ?? []).length + (spec.tls ?? []).length === 0
  return [
    ...(owner === 'delegate' ? checkDelegate(spec) : []),
    ...checkGatewayNames(spec.gateways, 'spec.gateways'),
    ...(appliesAtGateways(spec) ? [] : each(http, 'spec.http', (rule, at) => checkClaims(rule, at, spec))),
    ...checkHosts(hosts, spec),
    ...(empty ? [refusal('spec', 'http, tcp or tls must be provided in virtual service', 'no-rules')] : []),
    ...each(http, 'spec.http', (rule, at) => checkHttpRoute(rule, at, owner)),
    ...each(spec.tls, 'spec.tls', (rule, at) => checkTlsRoute(rule, at, hosts)),
    ...each(spec.tcp, 'spec.tcp', checkTcpRoute),
    ...checkExportTo(spec.exportTo, metadata.namespace ?? 'default', 'other')
  ]
}

function checkDelegate(spec: VirtualServiceSpec): IstioFault[] {
  const beside = (['gateways', 'tls', 'tcp'] as const).filter((field) => (spec[field] ?? []).length > 0)
  return beside.map((field) => refusal(`spec.${field}`, `delegate virtual service must have no ${field} specified`))
}

/** At gateways and nowhere else; a list without a name, or with `mesh`, applies in the mesh. */
function appliesAtGateways({ gateways = [] }: VirtualServiceSpec): boolean {
  return gateways.length > 0 && !gateways.includes('mesh')
}

function checkClaims(rule: HttpRoute, path: string, { gateways = [] }: VirtualServiceSpec): IstioFault[] {
  return each(rule.match, `${path}.match`, (match, at) =>
    claimsIn(match).map((key) =>
      refusal(at, `JWT claim based routing (key: ${key}) is only supported for gateway, found no gateways: [${gateways.join(' ')}]`)
    )
  )
}

function checkHosts(hosts: readonly string[], spec: VirtualServiceSpec): IstioFault[] {
  const single = each(hosts, 'spec.hosts', (host, at) => {
    const wrong = domainProblem(host)
    if (wrong !== undefined) return isIpAddress(host) || (appliesAtGateways(spec) && isSniForm(host)) ? [] : [refusal(at, wrong)]
    return refuseIf(
      host === '*' && !appliesAtGateways(spec),
      at,
      'wildcard host * is not allowed for virtual services bound to the mesh gateway'
    )
  })
  return single.length > 0 ? single : checkDuplicates(hosts)
}

/** Names that Istio itself makes for gateways between networks. */
function isSniForm(host: string): boolean {
  return /^outbound_\.\d+_\./.test(host)
}

function checkDuplicates(hosts: readonly string[]): IstioFault[] {
  return hosts.flatMap((host, index) =>
    hosts
      .slice(index + 1)
      .filter((other) => hostsOverlap(host, other))
      .map((other) => refusal('spec.hosts', `duplicate hosts in virtual service: ${host} & ${other}`))
  )
}

function checkTlsRoute(rule: TlsRoute, path: string, hosts: readonly string[]): IstioFault[] {
  return [
    ...refuseIf(rule.match.length === 0, path, 'TLS route must have at least one match condition'),
    ...each(rule.match, `${path}.match`, (match, at) => [
      ...refuseIf(match.sniHosts.length === 0, at, 'TLS match must have at least one SNI host'),
      ...each(match.sniHosts, `${at}.sniHosts`, (name, place) => checkSniHost(name, place, hosts)),
      ...checkSubnets(match.destinationSubnets, at),
      ...checkCaller({ ...match, sourceNamespace: '' }, at)
    ]),
    ...refuseIf((rule.route ?? []).length === 0, path, 'TLS route is required'),
    ...checkDestinations(rule.route ?? [], `${path}.route`)
  ]
}

function checkSniHost(name: string, path: string, hosts: readonly string[]): IstioFault[] {
  const wrong = checkDomain(name, path)
  if (wrong.length > 0) {
    const address = `using an IP address ("${name}") goes against SNI spec and most clients do not support this`
    return isIpAddress(name) ? [caution(path, address)] : wrong
  }
  const covered = hosts.some((host) => isSubsetOf(name, host))
  const list = hosts.join(', ')
  return refuseIf(!covered, path, `SNI host "${name}" is not a compatible subset of any of the virtual service hosts: [${list}]`)
}

function checkSubnets(subnets: readonly string[] | undefined, path: string): IstioFault[] {
  return each(subnets, `${path}.destinationSubnets`, (subnet, at) =>
    refuseIf(!isAddressOrRange(subnet), at, `${subnet} is neither an address nor a CIDR range`)
  )
}

function checkTcpRoute(rule: TcpRoute, path: string): IstioFault[] {
  return [
    ...each(rule.match, `${path}.match`, (match, at) => [
      ...checkSubnets(match.destinationSubnets, at),
      ...checkCaller({ ...match, sourceNamespace: '' }, at)
    ]),
    ...refuseIf((rule.route ?? []).length === 0, path, 'TCP route is required'),
    ...checkDestinations(rule.route ?? [], `${path}.route`)
  ]
}
