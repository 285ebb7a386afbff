// The address and node ports a Service gets, and what is refused of those it asks for (kubernetes.md 3.14): as a real API server allocates,
// at random within a range, one number for equal ports of several protocols, in its words.

import { invalid, type Cause } from '../api/cause.ts'
import type { KubeObject } from '../api/object.ts'
import type { Draw } from '../std/draw.ts'
import { dig, isObject } from '../std/json.ts'
import { allocateAddress, isAllocatable } from './allocate-address.ts'

/** A Service to serve: as it was before an update, and every Service there is (it may be among them). */
export interface ServiceRequest {
  readonly service: KubeObject
  readonly old: KubeObject | undefined
  readonly all: Iterable<KubeObject>
}

/** The Service with all it needs, or why it cannot have it; `exhausted` names a range that is used up. */
export type ServiceAllocation =
  | { readonly kind: 'allocated'; readonly object: KubeObject }
  | { readonly kind: 'refused'; readonly causes: readonly Cause[] }
  | { readonly kind: 'exhausted'; readonly message: string }

/** kube-apiserver's default --service-node-port-range. */
export const NODE_PORTS = { first: 30_000, last: 32_767 } as const

type Fields = Readonly<Record<string, unknown>>

/** Gives a Service what its type needs and it does not name. `prefix`: first two parts of Service addresses, e.g. `127.96`. */
export function allocateService(request: ServiceRequest, prefix: string, draw: Draw): ServiceAllocation {
  const { service } = request
  const spec = fieldsIn(service['spec'])
  const taken = takenBy(request)
  const address = needsAddress(spec) ? giveAddress(spec, { request, taken: taken.addresses, prefix, draw }) : { spec }
  if (!('spec' in address)) return address
  const ports = needsNodePorts(spec) ? giveNodePorts(address.spec, { request, taken: taken.ports, draw }) : address
  return 'spec' in ports ? { kind: 'allocated', object: { ...service, spec: ports.spec } } : ports
}

type Given = { readonly spec: Fields } | Exclude<ServiceAllocation, { readonly kind: 'allocated' }>

function needsAddress(spec: Fields): boolean {
  return spec['type'] !== 'ExternalName' && spec['clusterIP'] !== 'None'
}

function needsNodePorts(spec: Fields): boolean {
  return spec['type'] === 'NodePort' || (spec['type'] === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false)
}

interface Taken {
  readonly addresses: ReadonlySet<string>
  readonly ports: ReadonlySet<number>
}

/** What other Services have. One of the same name is this one when it is updated. */
function takenBy({ service, old, all }: ServiceRequest): Taken {
  const addresses = new Set<string>()
  const ports = new Set<number>()
  const { name, namespace } = service.metadata
  for (const other of all) {
    if (old !== undefined && other.metadata.name === name && other.metadata.namespace === namespace) continue
    const spec = fieldsIn(other['spec'])
    if (typeof spec['clusterIP'] === 'string') addresses.add(spec['clusterIP'])
    for (const port of nodePortsOf(spec)) ports.add(port)
  }
  return { addresses, ports }
}

function nodePortsOf(spec: Fields): readonly number[] {
  const numbers = [spec['healthCheckNodePort'], ...listIn(spec['ports']).map((port) => port['nodePort'])]
  return numbers.filter((port): port is number => typeof port === 'number' && port !== 0)
}

function giveAddress(
  spec: Fields,
  how: { readonly request: ServiceRequest; readonly taken: ReadonlySet<string>; readonly prefix: string; readonly draw: Draw }
): Given {
  const { request, taken, prefix, draw } = how
  const asked = spec['clusterIP']
  if (typeof asked === 'string' && asked !== '') {
    const why = asked === dig(request.old, 'spec', 'clusterIP') ? undefined : refusedAddress(asked, prefix, taken)
    const value = spec['clusterIPs'] ?? [asked]
    if (why === undefined) return { spec: { ...spec, clusterIPs: value } }
    return { kind: 'refused', causes: [invalid('spec.clusterIPs', value, `failed to allocate IP ${asked}: ${why}`)] }
  }
  const start = `${prefix}.${Math.floor(draw() * 255)}.${Math.floor(draw() * 256)}`
  const address = allocateAddress(prefix, taken, start)
  if (address === undefined) return { kind: 'exhausted', message: 'failed to allocate a serviceIP: range is full' }
  return { spec: { ...spec, clusterIP: address, clusterIPs: [address] } }
}

function refusedAddress(address: string, prefix: string, taken: ReadonlySet<string>): string | undefined {
  if (taken.has(address)) return 'provided IP is already allocated'
  return isAllocatable(prefix, address) ? undefined : 'the provided network does not match the current range'
}

function giveNodePorts(
  spec: Fields,
  how: { readonly request: ServiceRequest; readonly taken: ReadonlySet<number>; readonly draw: Draw }
): Given {
  const { request, taken, draw } = how
  const kept = new Set(nodePortsOf(fieldsIn(dig(request.old, 'spec'))))
  const used = new Set([...taken, ...nodePortsOf(spec)])
  const byPort = new Map<unknown, number>()
  const causes: Cause[] = []
  const ports: Fields[] = []
  for (const [index, port] of listIn(spec['ports']).entries()) {
    const wanted = askedPort(port) ?? byPort.get(port['port'])
    const why = wanted === undefined ? undefined : refusedPort(wanted, port['port'], { byPort, kept, taken })
    if (why !== undefined) causes.push(invalid(`spec.ports[${index}].nodePort`, wanted, why))
    const given = wanted ?? freePort(used, draw)
    if (given === undefined) return NO_PORT
    used.add(given)
    byPort.set(port['port'], given)
    ports.push({ ...port, nodePort: given })
  }
  return causes.length > 0 ? { kind: 'refused', causes } : withHealthCheck({ ...spec, ports }, used, draw)
}

function askedPort(port: Fields): number | undefined {
  const { nodePort } = port
  return typeof nodePort === 'number' && nodePort !== 0 ? nodePort : undefined
}

const NO_PORT = { kind: 'exhausted', message: 'failed to allocate a nodePort: range is full' } as const

// A balancer that keeps traffic on the node it reaches asks there whether it has endpoints.
function withHealthCheck(spec: Fields, used: ReadonlySet<number>, draw: Draw): Given {
  const needed = spec['type'] === 'LoadBalancer' && spec['externalTrafficPolicy'] === 'Local'
  if (!needed || (spec['healthCheckNodePort'] ?? 0) !== 0) return { spec }
  const port = freePort(used, draw)
  return port === undefined ? NO_PORT : { spec: { ...spec, healthCheckNodePort: port } }
}

// `byPort`: what the ports before got; `kept`: what the Service has already; `taken`: what others have.
function refusedPort(
  port: number,
  of: unknown,
  among: { readonly byPort: ReadonlyMap<unknown, number>; readonly kept: ReadonlySet<number>; readonly taken: ReadonlySet<number> }
): string | undefined {
  const shared = among.byPort.get(of) !== port && [...among.byPort.values()].includes(port)
  if (shared || among.taken.has(port)) return 'provided port is already allocated'
  if (among.kept.has(port) || (port >= NODE_PORTS.first && port <= NODE_PORTS.last)) return undefined
  return `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`
}

function freePort(used: ReadonlySet<number>, draw: Draw): number | undefined {
  const size = NODE_PORTS.last - NODE_PORTS.first + 1
  const start = Math.floor(draw() * size)
  for (let step = 0; step < size; step++) {
    const port = NODE_PORTS.first + ((start + step) % size)
    if (!used.has(port)) return port
  }
  return undefined
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}

function listIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsIn) : []
}
