// What to do with one request: a pure search that returns how it matched. The proxy, the rehearsal, the linter and `serin explain` call it.
// It does not choose endpoints (balance.ts) and does not judge outcomes (retry.ts).

import { assert } from '../std/bug.ts'
import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { NO_CORS, judgeCors, withFields } from './cors.ts'
import type { ClusterId, Decision, HeaderEdits, RouteRef } from './decision.ts'
import { abortAnswer, drawDelay, isDrawn, isGrpc, ownAnswer } from './fault.ts'
import { grpcTimeout } from './grpc-timeout.ts'
import { stickinessOf } from './hash-policy.ts'
import { matches } from './matching.ts'
import { normalizePath, pathEnd, rewritePath } from './path.ts'
import type { RequestFacts, ScopeId } from './request-facts.ts'
import { ANY_PORT } from './route-table.ts'
import type { Choice, RouteAction } from './route-table.ts'
import { NO_SLOT, routesOf } from './router.ts'
import type { EntrySlot, PreparedRoute, PreparedScope, Router } from './router.ts'

const NOWHERE = { kind: 'no-route', route: undefined, response: undefined, delay: 0 } as const
const UNKNOWN_HOST: Decision = { ...NOWHERE, because: 'unknown-host' }
const NO_MATCH: Decision = { ...NOWHERE, because: 'no-match' }
const BAD_PATH: Decision = { ...NOWHERE, because: 'bad-path' }
/** Istio's name of the route that refuses what no host of the mesh is meant by. */
export const BLOCK_ALL = 'block_all'
const BLOCKED: Decision = {
  kind: 'respond',
  route: { virtualService: undefined, name: BLOCK_ALL, index: 0 },
  status: 502,
  headers: [],
  body: '',
  response: undefined,
  delay: 0,
  flag: '-'
}
const HTTPS_REDIRECT: RouteRef = { virtualService: undefined, name: undefined, index: -1 }
const NO_COPIES: readonly ClusterId[] = []
/** The response code details of a preflight that was answered here. */
export const CORS_DETAILS = 'cors_response'
/** Authorities a scope remembers: some 1.5 MB where that many are called. */
const SEEN_MAX = 16_384
// A DNS name of 253 characters, and a port.
const NAME_MAX = 259

/**
 * Decides one request (istio.md 1.2-1.9, envoy.md 1): host, first matching route, weighted choice. `draw` is asked once, and only when a
 * route splits. Authority is compared without case and port; the scope falls back as `meshScope` says.
 */
export function decide(router: Router, scope: ScopeId, facts: RequestFacts, draw: Draw): Decision {
  const path = normalizePath(facts.path)
  if (path === undefined) return BAD_PATH
  const from = scopeOf(router, scope)
  const slot = from === undefined ? undefined : hostOf(router, from, facts.authority)
  if (from === undefined || slot?.entry === undefined) return unknownTo(from)
  if (slot.entry.httpsRedirect && facts.scheme === 'http') {
    const location = `https://${facts.authority}${path}`
    return { kind: 'redirect', route: HTTPS_REDIRECT, status: 301, location, response: undefined }
  }
  const end = pathEnd(path)
  const routes = routesOf(slot)
  for (let at = 0; at < routes.length; at += 1) {
    const prepared = routes[at]
    if (prepared === undefined || !matches(prepared, facts, path, end)) continue
    const decision = act(router, prepared, { facts, path, draw })
    return prepared.limits === undefined ? decision : { ...decision, limits: prepared.limits }
  }
  return NO_MATCH
}

function unknownTo(scope: PreparedScope | undefined): Decision {
  return scope?.scope.refusesUnknown === true ? BLOCKED : UNKNOWN_HOST
}

/** The scope itself, else the callers of the same namespace without labels, else callers outside any namespace; then the same of any port. */
export function scopeOf(router: Router, id: ScopeId): PreparedScope | undefined {
  const { recent } = router
  if (recent.id === id && recent.bound === router.bound) return recent.scope
  recent.scope = searchScope(router, id)
  recent.id = id
  recent.bound = router.bound
  return recent.scope
}

function searchScope(router: Router, id: ScopeId): PreparedScope | undefined {
  const exact = router.scopes.get(id)
  if (exact !== undefined || !id.startsWith('mesh|')) return exact
  const [kind = '', port = '', namespace = ''] = id.split('|')
  const near = router.scopes.get(`${kind}|${port}|${namespace}`) ?? router.scopes.get(`${kind}|${port}|`)
  if (near !== undefined) return near
  return router.scopes.get(id.replace(/\|\d+/, `|${ANY_PORT}`)) ?? router.scopes.get(`${kind}|${ANY_PORT}|${namespace}`)
}

function hostOf(router: Router, scope: PreparedScope, authority: string): EntrySlot | undefined {
  if (scope.seenAt !== router.bound) {
    scope.seen = undefined
    scope.seenAt = router.bound
  }
  const seen = (scope.seen ??= new Map())
  const before = seen.get(authority)
  if (before !== undefined) return before
  const base = scope.scope.base === undefined ? undefined : router.scopes.get(scope.scope.base)
  const found = searchHost({ scope, base }, domainOf(authority))
  // Whoever asks for ever other names, or for very long ones, fills no memory with them.
  if (found === undefined || authority.length > NAME_MAX) return found
  if (seen.size >= SEEN_MAX) seen.clear()
  seen.set(authority, found)
  return found
}

/** The authority in lower case without port; an IPv6 literal keeps its brackets. */
export function domainOf(authority: string): string {
  const host = authority.toLowerCase()
  if (host.startsWith('[')) return host.slice(0, host.indexOf(']') + 1)
  const colon = host.lastIndexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}

/** Exact, then (in the mesh) the short forms of a service's name, then the longest suffix, then `*` (istio.md 1.4). */
function searchHost(within: Within, domain: string): EntrySlot | undefined {
  const { scope, base } = within
  const exact = exactIn(within, domain) ?? (scope.scope.kind === 'mesh' ? serviceOf(within, domain) : undefined)
  if (exact !== undefined) return exact
  return suffixed(within, domain) ?? known(scope.star ?? base?.star)
}

function suffixed({ scope, base }: Within, domain: string): EntrySlot | undefined {
  const own = suffixIn(scope, domain, undefined)
  const usual = base === undefined ? undefined : suffixIn(base, domain, scope)
  const isOwn = own !== undefined && (usual === undefined || own.length >= usual.length)
  return isOwn ? scope.suffixes.get(own) : base?.suffixes.get(usual ?? '')
}

/** A scope, and the one that says what it does not say itself. */
interface Within {
  readonly scope: PreparedScope
  readonly base: PreparedScope | undefined
}

function known(slot: EntrySlot | undefined): EntrySlot | undefined {
  return slot === NO_SLOT ? undefined : slot
}

function exactIn({ scope, base }: Within, domain: string): EntrySlot | undefined {
  return known(scope.exact.get(domain) ?? base?.exact.get(domain))
}

/** The longest suffix of a scope that takes the domain, but for those of which `over` says something itself. */
function suffixIn(scope: PreparedScope, domain: string, over: PreparedScope | undefined): string | undefined {
  for (const length of scope.suffixLengths) {
    const at = domain.length - length
    if (at <= 0 || domain[at] !== '.') continue
    const suffix = domain.slice(at)
    const slot = scope.suffixes.get(suffix)
    if (slot !== undefined && (over === undefined ? slot !== NO_SLOT : !over.suffixes.has(suffix))) return suffix
  }
  return undefined
}

function serviceOf(within: Within, domain: string): EntrySlot | undefined {
  if (domain.endsWith('.')) return exactIn(within, domain.slice(0, -1))
  const dots = domain.split('.').length - 1
  if (dots === 0) return exactIn(within, `${domain}.${within.scope.scope.namespace}.svc.cluster.local`)
  if (dots === 1) return exactIn(within, `${domain}.svc.cluster.local`)
  return dots === 2 && domain.endsWith('.svc') ? exactIn(within, `${domain}.cluster.local`) : undefined
}

interface Request {
  readonly facts: RequestFacts
  /** Normalised. */
  readonly path: string
  readonly draw: Draw
}

function act(router: Router, prepared: PreparedRoute, request: Request): Decision {
  const { action, ref } = prepared.route
  switch (action.kind) {
    case 'forward':
      return forward(router, prepared, action, request)
    case 'redirect':
      return {
        kind: 'redirect',
        route: ref,
        status: action.status,
        location: locationOf(prepared, action, request),
        response: action.response
      }
    case 'respond':
      return { kind: 'respond', route: ref, ...ownAnswer(request.facts, action), response: action.response, delay: 0, flag: '-' }
  }
}

type Forward = Extract<RouteAction, { kind: 'forward' }>
type Redirect = Extract<RouteAction, { kind: 'redirect' }>

/** The order is Envoy's: delay, abort, CORS, and only then whether the destination exists. */
function forward(router: Router, prepared: PreparedRoute, action: Forward, request: Request): Decision {
  const choice = choose(action, request.draw)
  const { fault, cors } = action
  const plain: Sending = { request, choice, response: choice.response, delay: 0 }
  if (fault === undefined && cors === undefined) return send(router, prepared, action, plain)
  const { facts, draw } = request
  const route = prepared.route.ref
  const delay = fault === undefined ? 0 : drawDelay(fault, draw)
  if (fault?.abort !== undefined && isDrawn(fault.abort.millionths, draw)) {
    return { kind: 'respond', route, ...abortAnswer(facts, fault.abort), response: choice.response, delay, flag: 'FI' }
  }
  const judged = cors === undefined ? NO_CORS : judgeCors(cors, prepared.origins, facts)
  switch (judged.kind) {
    case 'none':
      return send(router, prepared, action, { ...plain, delay })
    case 'actual':
      return send(router, prepared, action, { ...plain, delay, response: withFields(choice.response, judged.fields) })
    case 'preflight':
      return {
        kind: 'respond',
        route,
        status: 200,
        headers: judged.headers,
        body: '',
        response: undefined,
        delay,
        flag: '-',
        details: CORS_DETAILS
      }
  }
}

interface Sending {
  readonly request: Request
  readonly choice: Choice
  readonly response: HeaderEdits | undefined
  readonly delay: Millis
}

function send(router: Router, prepared: PreparedRoute, action: Forward, { request, choice, response, delay }: Sending): Decision {
  const { ref, path: test } = prepared.route
  if (!isThere(router, prepared, choice.cluster)) return { kind: 'no-route', because: 'no-destination', route: ref, response, delay }
  const { rewrite } = action
  const { hash, cookies } = stickinessOf(action.hash, request.facts)
  return {
    kind: 'forward',
    route: ref,
    cluster: choice.cluster,
    path: rewrite === undefined ? request.path : rewritePath(request.path, test, rewrite, prepared.rewrite),
    authority: choice.authority ?? request.facts.authority,
    timeout: isGrpc(request.facts) ? grpcTimeout(request.facts.header('grpc-timeout'), action.timeout) : action.timeout,
    retry: action.retry,
    request: choice.request,
    response,
    delay,
    copies: action.mirrors.length === 0 ? NO_COPIES : copiesOf(router, action, request),
    hash,
    cookies
  }
}

/** Clusters stay as a rule: what was there is looked for among tens of thousands again only when one of them has gone since. */
function isThere({ clusters, gone }: Router, prepared: PreparedRoute, cluster: ClusterId): boolean {
  if (prepared.thereAt === gone) return true
  if (!clusters.has(cluster)) return false
  const { action } = prepared.route
  if (action.kind === 'forward' && action.choices.every((choice) => clusters.has(choice.cluster))) prepared.thereAt = gone
  return true
}

/** Each copy is drawn by itself (Envoy uses one number for all, which ties copies to the weighted choice). A cluster that is not there gets none. */
function copiesOf(router: Router, { mirrors }: Forward, { facts, draw }: Request): ClusterId[] {
  if (facts.method === 'CONNECT') return []
  const copies: ClusterId[] = []
  for (const { cluster, millionths } of mirrors) if (isDrawn(millionths, draw) && router.clusters.has(cluster)) copies.push(cluster)
  return copies
}

/** Walks half-open intervals in listed order (envoy.md 1.2): a choice's share is its weight over the total. */
function choose(action: Forward, draw: Draw): Choice {
  const { choices } = action
  let at = 0
  if (choices.length > 1) {
    let left = Math.floor(draw() * action.total)
    while (at < choices.length - 1 && left >= (choices[at]?.weight ?? 0)) {
      left -= choices[at]?.weight ?? 0
      at += 1
    }
  }
  const choice = choices[at]
  assert(choice !== undefined, 'a forwarding route has a choice')
  return choice
}

function locationOf(prepared: PreparedRoute, action: Redirect, request: Request): string {
  const { facts, path } = request
  const scheme = action.scheme ?? facts.scheme
  const authority = redirectAuthority(action, facts, scheme)
  return `${scheme}://${authority}${redirectPath(prepared, action, path)}`
}

function redirectAuthority(action: Redirect, facts: RequestFacts, scheme: string): string {
  if (action.port !== undefined) return `${action.authority ?? domainOf(facts.authority)}:${action.port}`
  if (action.authority !== undefined) return action.authority
  if (scheme === facts.scheme) return facts.authority
  const old = facts.scheme === 'http' ? ':80' : ':443'
  return facts.authority.endsWith(old) ? facts.authority.slice(0, -old.length) : facts.authority
}

function redirectPath(prepared: PreparedRoute, action: Redirect, path: string): string {
  const end = pathEnd(path)
  if (action.uri !== undefined) return action.uri.includes('?') ? action.uri : action.uri + path.slice(end)
  if (action.prefixRewrite === undefined) return path
  return rewritePath(path, prepared.route.path, { kind: 'prefix', value: action.prefixRewrite }, undefined)
}
