// What a port is declared to carry (istio.md 1.4, 1.16): HTTP rules apply to HTTP, and to what is not declared and looks like it; ports of
// other protocols carry bytes, for which there are rules of TCP.

import type { MeshServicePort } from './mesh-config.ts'

/** How a port that is not HTTP is carried: bytes for which rules of `tcp` decide, or for which the server name of their TLS decides first. */
export type Stream = 'tcp' | 'tls'

const STREAMS: ReadonlyMap<string, Stream> = new Map([
  ['tcp', 'tcp'],
  ['mongo', 'tcp'],
  ['mysql', 'tcp'],
  ['redis', 'tcp'],
  ['tls', 'tls'],
  ['https', 'tls']
])

/** Protocols, in lower case, that HTTP rules do not apply to. */
export const OTHER_PROTOCOLS: ReadonlySet<string> = new Set([...STREAMS.keys(), 'udp', 'sctp'])

const HTTP_PROTOCOLS: ReadonlySet<string> = new Set(['http', 'http2', 'grpc', 'grpc-web', 'kubernetes.io/h2c', 'kubernetes.io/ws'])

/** Where the server speaks first, or no HTTP is spoken: Istio takes these ports as TCP when their names do not say otherwise. */
const TCP_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27_017])

/** What a port is declared to carry: by appProtocol, else by its name before the first dash, else by a number that is known for it. */
export function declaredProtocol(port: MeshServicePort): string {
  if (port.appProtocol !== undefined) return port.appProtocol
  const name = port.name ?? ''
  const word = name === 'grpc-web' || name.startsWith('grpc-web-') ? 'grpc-web' : (name.split('-')[0] ?? '')
  return TCP_PORTS.has(port.port) && !isKnown(word.toLowerCase()) ? 'tcp' : word
}

function isKnown(protocol: string): boolean {
  return HTTP_PROTOCOLS.has(protocol) || OTHER_PROTOCOLS.has(protocol)
}

/** Whether HTTP rules apply to a Service's port: undeclared ones are taken as HTTP, as sniffing would find. */
export function carriesHttp(port: MeshServicePort): boolean {
  return !isDatagram(port) && !OTHER_PROTOCOLS.has(declaredProtocol(port).toLowerCase())
}

/** Whether a port says that it is HTTP. One that does not has a listener of its own in Istio, which takes every Host. */
export function isDeclaredHttp(port: MeshServicePort): boolean {
  return HTTP_PROTOCOLS.has(declaredProtocol(port).toLowerCase())
}

/** How a Service's port carries bytes; undefined: it carries HTTP, or datagrams, which nobody carries here. */
export function streamOf(port: MeshServicePort): Stream | undefined {
  return isDatagram(port) ? undefined : streamNamed(declaredProtocol(port))
}

/** The same of a protocol as Gateways and ServiceEntries name it. */
export function streamNamed(protocol: string | undefined): Stream | undefined {
  return STREAMS.get((protocol ?? '').toLowerCase())
}

function isDatagram({ protocol }: MeshServicePort): boolean {
  return protocol === 'UDP' || protocol === 'SCTP'
}
