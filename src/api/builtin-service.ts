// What an update of a Service keeps and drops (kubernetes.md 3.14): addresses and node ports that are left out stay, and what the new type
// does not have goes when it is as it was. Allocation is elsewhere.

import { isObject, sameJson } from '../std/json.ts'
import type { KubeObject } from './object.ts'

type Fields = Readonly<Record<string, unknown>>

/** The Service as the server takes it over; `old` is the stored object of an update. */
export function prepareService(service: KubeObject, old: KubeObject | undefined): KubeObject {
  const given = fieldsIn(service['spec'])
  if (old === undefined) return { ...service, spec: normal(given) }
  const before = fieldsIn(old['spec'])
  return { ...service, spec: normal(withAddress(withNodePorts(withoutForeign(given, before), before), before)) }
}

/** clusterIP and clusterIPs say the same. */
function normal(spec: Fields): Fields {
  const { clusterIP, clusterIPs } = spec
  if (clusterIP !== undefined && clusterIP !== '' && clusterIPs === undefined) return { ...spec, clusterIPs: [clusterIP] }
  return spec
}

const hasAddress = (spec: Fields): boolean => spec['type'] !== 'ExternalName'
const hasNodePorts = (spec: Fields): boolean => spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer'
const isBalanced = (spec: Fields): boolean => spec['type'] === 'LoadBalancer'

const hasHealthCheck = (spec: Fields): boolean => isBalanced(spec) && spec['externalTrafficPolicy'] === 'Local'

const ADDRESS_FIELDS = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']
const BALANCER_FIELDS = ['allocateLoadBalancerNodePorts', 'loadBalancerClass']

/** Without the fields that only the type before had, as far as the update leaves them alone. */
function withoutForeign(spec: Fields, before: Fields): Fields {
  const gone = (has: (spec: Fields) => boolean, fields: readonly string[]): readonly string[] =>
    has(before) && !has(spec) ? fields.filter((field) => sameJson(spec[field], before[field])) : []
  const dropped = new Set([
    ...gone(hasAddress, ADDRESS_FIELDS),
    ...gone(hasNodePorts, ['externalTrafficPolicy']),
    ...gone(hasHealthCheck, ['healthCheckNodePort']),
    ...gone(isBalanced, BALANCER_FIELDS)
  ])
  const kept = Object.fromEntries(Object.entries(spec).filter(([field]) => !dropped.has(field)))
  return hasNodePorts(before) && !hasNodePorts(spec) && sameNodePorts(spec, before) ? { ...kept, ports: closed(spec) } : kept
}

function sameNodePorts(spec: Fields, before: Fields): boolean {
  const numbers = (of: Fields): Set<unknown> => new Set(portsOf(of).flatMap((port) => port['nodePort'] ?? []))
  const known = numbers(before)
  return [...numbers(spec)].every((number) => known.has(number))
}

function closed(spec: Fields): readonly Fields[] {
  return portsOf(spec).map((port) => Object.fromEntries(Object.entries(port).filter(([field]) => field !== 'nodePort')))
}

function withAddress(spec: Fields, before: Fields): Fields {
  if (!hasAddress(spec) || !hasAddress(before)) return spec
  const address = given(spec['clusterIP']) ?? before['clusterIP']
  const all = spec['clusterIPs'] ?? (address === before['clusterIP'] ? before['clusterIPs'] : undefined)
  return { ...spec, ...(address !== undefined && { clusterIP: address }), ...(all !== undefined && { clusterIPs: all }) }
}

function withNodePorts(spec: Fields, before: Fields): Fields {
  if (!hasNodePorts(spec) || !hasNodePorts(before) || !Array.isArray(spec['ports'])) return spec
  const used = new Set<unknown>(portsOf(spec).flatMap((port) => given(port['nodePort']) ?? []))
  const ports = portsOf(spec).map((port) => {
    if (given(port['nodePort']) !== undefined) return port
    const same = portsOf(before).find((one) => one['port'] === port['port'] && one['protocol'] === port['protocol'])
    const number = given(same?.['nodePort'])
    if (number === undefined || used.has(number)) return port
    used.add(number)
    return { ...port, nodePort: number }
  })
  return { ...spec, ports }
}

function given(value: unknown): unknown {
  return value === '' || value === 0 ? undefined : value
}

function portsOf(spec: Fields): readonly Fields[] {
  const { ports } = spec
  return Array.isArray(ports) ? ports.map(fieldsIn) : []
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}
