// What a port is declared to carry (istio.md 1.4, 1.16): HTTP rules apply to HTTP, and to what is not declared and looks like it.

import type { MeshServicePort } from './mesh-config.ts'

/** Protocols, in lower case, that HTTP rules do not apply to. */
export const OTHER_PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'tls', 'https', 'mongo', 'mysql', 'redis'])

const HTTP_PROTOCOLS: ReadonlySet<string> = new Set(['http', 'http2', 'grpc', 'grpc-web', 'kubernetes.io/h2c', 'kubernetes.io/ws'])

/** What a port is declared to carry: by appProtocol, else by its name before the first dash. */
export function declaredProtocol(port: MeshServicePort): string {
  if (port.appProtocol !== undefined) return port.appProtocol
  const name = port.name ?? ''
  return name === 'grpc-web' || name.startsWith('grpc-web-') ? 'grpc-web' : (name.split('-')[0] ?? '')
}

/** Whether HTTP rules apply to a Service's port: undeclared ones are taken as HTTP, as sniffing would find. */
export function carriesHttp(port: MeshServicePort): boolean {
  if (port.protocol === 'UDP' || port.protocol === 'SCTP') return false
  return !OTHER_PROTOCOLS.has(declaredProtocol(port).toLowerCase())
}

/** Whether a port says that it is HTTP. One that does not has a listener of its own in Istio, which takes every Host. */
export function isDeclaredHttp(port: MeshServicePort): boolean {
  return HTTP_PROTOCOLS.has(declaredProtocol(port).toLowerCase())
}
