// The bytes of a case's request. A sidecar takes what its pod sends anywhere; a forward proxy of the mesh is asked in absolute form, and
// takes the port from the authority: a request that names another port than the one dialled goes to the Service's own listener.

import { headerLines } from './case-file.ts'
import type { Asked } from './case-file.ts'
import { TAG } from './echo.ts'

/** Whether a pod's forward proxy takes it for the port that the caller dials. */
export function isForProxy({ host, port }: Asked): boolean {
  const named = /:(\d+)$/.exec(host)?.[1]
  return Number(named ?? 80) === port
}

/** The request as text (latin1): `tag` numbers it. */
export function requestText(request: Asked, tag: number, node: 'sidecar' | 'gateway'): string {
  const { method, host, body = '' } = request
  const lines = headerLines(request).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${targetOf(request, node)} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}${TAG}: ${tag}\r\n${length}\r\n${body}`
}

function targetOf(request: Asked, node: 'sidecar' | 'gateway'): string {
  const { host, path } = request
  const canBeAbsolute = /^[\w.\-[\]:]+$/.test(host) && path.startsWith('/')
  return node === 'sidecar' && isForProxy(request) && canBeAbsolute ? `http://${host}${path}` : path
}
