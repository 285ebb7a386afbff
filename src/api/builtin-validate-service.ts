// What the API server refuses in a Service, in its own words: ports, addresses, and fields that do not go with the type.

import { dig, isObject } from '../std/json.ts'
import {
  between,
  DNS_LABEL,
  DNS_SUBDOMAIN,
  fault,
  forbidden,
  isAddress,
  labelFaults,
  listIn,
  portFaults,
  textFaults
} from './builtin-words.ts'
import { duplicate, missing, type Cause } from './cause.ts'

type Fields = Readonly<Record<string, unknown>>

/** The faults of a Service beyond its schema; `old` is the stored object of an update. */
export function serviceFaults(service: Fields, old: Fields | undefined): readonly Cause[] {
  const spec = isObject(service['spec']) ? service['spec'] : {}
  const ports = listIn(spec['ports'])
  const external = spec['type'] === 'ExternalName'
  const needsPorts = ports.length === 0 && !external && spec['clusterIP'] !== 'None'
  return [
    ...(needsPorts ? [missing('spec.ports')] : []),
    ...portListFaults(ports, spec['type']),
    ...labelFaults(spec['selector'], 'spec.selector'),
    ...(external ? externalFaults(spec) : addressFaults(spec, old)),
    ...ingressFaults(service, spec)
  ]
}

function externalFaults(spec: Fields): readonly Cause[] {
  const { externalName } = spec
  const named = typeof externalName === 'string' ? externalName.replace(/\.$/, '') : ''
  const addressed = spec['clusterIP'] !== undefined || spec['clusterIPs'] !== undefined
  return [
    ...(addressed ? [forbidden('spec.clusterIPs', 'may not be set for ExternalName services')] : []),
    ...(named === '' ? [missing('spec.externalName')] : textFaults(named, 'spec.externalName', DNS_SUBDOMAIN))
  ]
}

// An address that is left out is kept by the server; only another one is refused.
function addressFaults(spec: Fields, old: Fields | undefined): readonly Cause[] {
  const { clusterIP, clusterIPs } = spec
  const before = dig(old, 'spec', 'clusterIP')
  const had = typeof before === 'string' && before !== '' && dig(old, 'spec', 'type') !== 'ExternalName'
  if (had && clusterIP !== undefined && clusterIP !== before) {
    return [fault('spec.clusterIPs[0]', clusterIPs ?? [clusterIP], 'may not change once set')]
  }
  if (typeof clusterIP !== 'string' || clusterIP === '') return []
  if (Array.isArray(clusterIPs) && clusterIPs[0] !== clusterIP) {
    return [fault('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')]
  }
  return clusterIP === 'None' ? headlessFaults(spec) : textAddressFaults(clusterIP)
}

function headlessFaults({ clusterIP, type }: Fields): readonly Cause[] {
  if (type !== 'NodePort' && type !== 'LoadBalancer') return []
  return [fault('spec.clusterIPs[0]', clusterIP, `may not be set to 'None' for ${type} services`)]
}

function textAddressFaults(address: string): readonly Cause[] {
  return isAddress(address) ? [] : [fault('spec.clusterIPs[0]', address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
}

function ingressFaults(service: Fields, spec: Fields): readonly Cause[] {
  const ingress = listIn(dig(service, 'status', 'loadBalancer', 'ingress'))
  if (ingress.length === 0 || spec['type'] === 'LoadBalancer') return []
  return [forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'")]
}

function portListFaults(ports: readonly Fields[], type: unknown): readonly Cause[] {
  const names = new Set<unknown>()
  const numbers = new Set<string>()
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`
    const name = port['name'] ?? ''
    const number = `${String(port['protocol'])}/${String(port['port'])}`
    const found: Cause[] = [
      ...nameFaults(name, `${path}.name`, { several: ports.length > 1, names }),
      ...between(port['port'] ?? 0, `${path}.port`),
      ...portFaults(port['targetPort'] ?? port['port'] ?? 0, `${path}.targetPort`)
    ]
    const open = port['nodePort'] ?? 0
    if (type === 'ClusterIP' && open !== 0) found.push(forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'"))
    if (numbers.has(number)) found.push(duplicate(path, portKey(port)))
    numbers.add(number)
    return found
  })
}

function nameFaults(name: unknown, path: string, among: { readonly several: boolean; readonly names: Set<unknown> }): readonly Cause[] {
  if (typeof name !== 'string' || name === '') return among.several ? [missing(path)] : []
  const twice = among.names.has(name) ? [duplicate(path, name)] : []
  among.names.add(name)
  return [...textFaults(name, path, DNS_LABEL), ...twice]
}

// The Go struct that a real server shows, of which only these two fields are set.
function portKey({ port, protocol }: Fields): Fields {
  return { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
}
