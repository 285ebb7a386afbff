// Who may come in: loopback Host, no foreign Origin, the one bearer token; and what an impersonated user may do, which is nothing
// beyond discovery, since no RBAC rules are served that could allow more.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Status } from '../store/store-request.ts'
import type { ResourcePath } from './api-path.ts'
import { failure } from './status.ts'

const HOSTS = new Set(['localhost', '[::1]', 'kubernetes.default.svc', 'kubernetes.default', 'kubernetes'])
const ADMINISTRATORS = 'system:masters'
const AUTHENTICATED = 'system:authenticated'

/** Why a request is refused before its path is read; undefined lets it in. `open` paths need no token. */
export function refuse(headers: IncomingHttpHeaders, token: string, open: boolean): Status | undefined {
  if (!isLocalHost(headers.host)) return failure(403, 'Forbidden', 'the Host header names no address of this server')
  const { origin } = headers
  if (origin !== undefined && !isSameOrigin(origin, headers.host)) {
    return failure(403, 'Forbidden', 'requests from other origins are not served')
  }
  if (!open && !hasToken(headers.authorization, token)) return failure(401, 'Unauthorized', 'Unauthorized')
  return undefined
}

/** Why an impersonated user (`kubectl --as`) may not do `verb`; undefined for the administrator. */
export function forbid(headers: IncomingHttpHeaders, verb: string, path: ResourcePath): Status | undefined {
  const caller = callerOf(headers)
  if (isAdministrator(caller)) return undefined
  const user = caller.username
  const resource = path.subresource === undefined ? path.resource : `${path.resource}/${path.subresource}`
  const who = `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(resource)} in API group "${path.group}"`
  const where = path.namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(path.namespace)}`
  const qualified = path.group === '' ? path.resource : `${path.resource}.${path.group}`
  const subject = path.name === undefined ? qualified : `${qualified} ${JSON.stringify(path.name)}`
  return {
    code: 403,
    reason: 'Forbidden',
    message: `${subject} is forbidden: ${who} ${where}`,
    details: { name: path.name ?? '', group: path.group, kind: path.resource }
  }
}

/** Who asks: the administrator, or whom the administrator impersonates. */
export interface Caller {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
}

/** The caller of a request that `refuse` let in. */
export function callerOf(headers: IncomingHttpHeaders): Caller {
  const username = headers['impersonate-user']
  if (typeof username !== 'string' || username === '') return { username: 'admin', uid: 'admin', groups: [ADMINISTRATORS, AUTHENTICATED] }
  const uid = headers['impersonate-uid']
  const groups = String(headers['impersonate-group'] ?? '').split(/,\s*/)
  return { username, ...(typeof uid === 'string' && { uid }), groups: [...groups.filter((group) => group !== ''), AUTHENTICATED] }
}

/** Whether the caller may do everything; others may do nothing. */
export function isAdministrator({ groups }: Caller): boolean {
  return groups.includes(ADMINISTRATORS)
}

// A page of another site that points its name at 127.0.0.1 still sends its own name here.
function isLocalHost(host: string | undefined): boolean {
  if (host === undefined) return false
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return HOSTS.has(name) || /^127(\.\d{1,3}){3}$/.test(name)
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return origin === `https://${host}` || origin === `http://${host}`
}

function hasToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

// Digests are of one length, which timingSafeEqual asks for, and tell nothing of the token's own.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
