// One rule of a VirtualService as flat routes, one per match block that can apply here (istio.md 1.2, 1.8-1.9, 1.13-1.15). Static
// conditions (port, gateways, sourceLabels, sourceNamespace) are consumed; what remains is tested per request.

import { parseDuration } from '../api/duration.ts'
import type { Destination } from '../api/istio-common.ts'
import { hasLabels } from '../api/label-selector.ts'
import type { HttpMatch, HttpRoute, HttpRouteDestination, Redirect, Retries, StringMatch } from '../api/istio-virtual-service.ts'
import type { Millis } from '../std/clock.ts'
import type { ClusterId, RetryPolicy } from './decision.ts'
import type { Target } from './clusters.ts'
import { corsOf, faultOf, mirrorsOf } from './compile-fault.ts'
import type { ListedRule } from './delegates.ts'
import { claimPath } from './claims.ts'
import { authorityOf, editsOfSingle, editsOfWeighted } from './header-edits.ts'
import { resolveGateway } from './mesh-config.ts'
import { PLAIN_FORWARD } from './plain.ts'
import type { Choice, HashPolicy, HeaderTest, PathRewrite, PathTest, QueryTest, Route, RouteAction, StringTest } from './route-table.ts'
import type { ClaimTest } from './token-rule.ts'
import { headText } from '../std/octets.ts'

/** For whom a rule is compiled. */
export interface Viewpoint {
  /** namespace/name of the VirtualService, and its namespace, in which short names resolve. */
  readonly virtualService: string
  readonly namespace: string
  /** namespace/name of the gateway, or `mesh`. */
  readonly gateway: string
  /** The port that was called. */
  readonly port: number
  readonly tls: boolean
  readonly caller: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  /** The cluster of a destination as this caller reaches it. */
  readonly clusterOf: (target: NamedTarget) => ClusterId
  /** The key that the destination's policy makes callers stick by; without it there is none. */
  readonly hashOf?: (target: NamedTarget) => HashPolicy | undefined
}

/** A destination as a rule names it. */
type NamedTarget = Omit<Target, 'port'> & { readonly port: number | undefined }

/** The routes of a VirtualService's rules, ended by the first that takes everything. Rules that cannot work give no route. */
export function compileRules(rules: readonly ListedRule[], view: Viewpoint): Route[] {
  const routes: Route[] = []
  for (const listed of rules) {
    for (const route of compileRule(listed, view)) {
      routes.push(route)
      if (isCatchAll(route)) return routes
    }
  }
  return routes
}

/** True when the route matches every request. */
export function isCatchAll({ path, headers, query, claims }: Route): boolean {
  if (headers.length > 0 || query.length > 0 || claims !== undefined) return false
  return path.kind === 'any' || (path.kind === 'prefix' && path.value === '/') || (path.kind === 'regex' && path.value === '.*')
}

function compileRule({ rule, index, log }: ListedRule, view: Viewpoint): Route[] {
  const matches = rule.match === undefined || rule.match.length === 0 ? [undefined] : rule.match
  const alive = matches.filter((match) => match === undefined || applies(match, view))
  if (alive.length === 0) return []
  const action = compileAction(rule, view)
  if (action === undefined) return []
  return alive.map((match) => ({
    ref: { virtualService: view.virtualService, name: routeName(rule.name, match?.name), index, ...(log === undefined ? {} : { log }) },
    path: pathTest(match),
    headers: match === undefined ? [] : headerTests(match),
    query: Object.entries(match?.queryParams ?? {})
      .toSorted(byName)
      .map(([name, value]): QueryTest => ({ name, test: presenceTest(value) })),
    action,
    ...claimTests(match)
  }))
}

/** Header names that mean claims of tokens. */
function claimTests(match: HttpMatch | undefined): Pick<Route, 'claims'> {
  const read = (headers: HttpMatch['headers'], invert: boolean): ClaimTest[] =>
    Object.entries(headers ?? {})
      .toSorted(byName)
      .flatMap(([name, value]) => {
        const path = claimPath(name)
        return path === undefined ? [] : [{ path, invert, test: presenceTest(value) }]
      })
  const claims = [...read(match?.headers, false), ...read(match?.withoutHeaders, true)]
  return claims.length === 0 ? {} : { claims }
}

function routeName(rule: string | undefined, match: string | undefined): string | undefined {
  return match === undefined || match === '' ? rule : `${rule ?? ''}.${match}`
}

function applies(match: HttpMatch, view: Viewpoint): boolean {
  if (match.port !== undefined && match.port !== 0 && match.port !== view.port) return false
  if (match.gateways !== undefined && match.gateways.length > 0) {
    return match.gateways.some((name) => resolveGateway(name, view.namespace) === view.gateway)
  }
  if (match.sourceNamespace !== undefined && match.sourceNamespace !== '' && match.sourceNamespace !== view.caller.namespace) return false
  return hasLabels(view.caller.labels, match.sourceLabels ?? {})
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

function pathTest(match: HttpMatch | undefined): PathTest {
  const uri = match?.uri
  const ignoreCase = match?.ignoreUriCase === true
  if (uri?.exact !== undefined) return { kind: 'exact', value: uri.exact, ignoreCase }
  if (uri?.prefix !== undefined) return { kind: 'prefix', value: uri.prefix, ignoreCase }
  return uri?.regex === undefined ? { kind: 'any' } : { kind: 'regex', value: uri.regex }
}

function headerTests(match: HttpMatch): HeaderTest[] {
  const tests: HeaderTest[] = []
  for (const [name, value] of [
    [':method', match.method],
    [':scheme', match.scheme],
    [':authority', match.authority]
  ] as const) {
    if (value !== undefined && hasKind(value)) tests.push({ name, invert: false, test: presenceTest(value) })
  }
  for (const [name, value] of Object.entries(match.headers ?? {}).toSorted(byName)) {
    if (claimPath(name) === undefined) tests.push({ name: name.toLowerCase(), invert: false, test: presenceTest(value) })
  }
  for (const [name, value] of Object.entries(match.withoutHeaders ?? {}).toSorted(byName)) {
    if (claimPath(name) === undefined) tests.push({ name: name.toLowerCase(), invert: true, test: presenceTest(value) })
  }
  return tests
}

function hasKind(value: StringMatch): boolean {
  return value.exact !== undefined || value.prefix !== undefined || value.regex !== undefined
}

function presenceTest(value: StringMatch | null): StringTest {
  if (value?.exact !== undefined) return { kind: 'exact', value: value.exact }
  if (value?.prefix !== undefined) return { kind: 'prefix', value: value.prefix }
  return value?.regex === undefined || value.regex === '*' ? { kind: 'present' } : { kind: 'regex', value: value.regex }
}

function compileAction(rule: HttpRoute, view: Viewpoint): RouteAction | undefined {
  if (rule.redirect !== undefined) return redirectAction(rule, rule.redirect, view)
  if (rule.directResponse !== undefined) {
    const { status, body } = rule.directResponse
    const text = body?.string ?? (body?.bytes === undefined ? '' : decodeBase64(body.bytes))
    return { kind: 'respond', status, body: text, response: editsOfSingle(rule.headers, undefined, 'response') }
  }
  return forwardAction(rule, view)
}

function forwardAction(rule: HttpRoute, view: Viewpoint): RouteAction | undefined {
  const destinations = rule.route ?? []
  if (destinations.length === 0) return undefined
  const choices = choicesOf(rule, destinations, view)
  if (choices.length === 0) return undefined
  const timeout = (rule.timeout === undefined ? undefined : parseDuration(rule.timeout)) ?? 0
  const hash = hashPolicies(destinations, view)
  return {
    ...PLAIN_FORWARD,
    choices,
    total: choices.reduce((sum, { weight }) => sum + weight, 0),
    rewrite: rewriteOf(rule),
    timeout,
    retry: retryPolicy(rule.retries, timeout, destinations.length === 1 && hash.length > 0),
    fault: faultOf(rule.fault),
    mirrors: mirrorsOf(rule, (to) => clusterOf(to, view)),
    cors: corsOf(rule.corsPolicy),
    hash
  }
}

/** A single destination takes everything; of several, those with weight 0 are dropped (istio.md 1.7). */
function choicesOf(rule: HttpRoute, destinations: readonly HttpRouteDestination[], view: Viewpoint): Choice[] {
  const single = destinations.length === 1
  const edits = single ? editsOfSingle : editsOfWeighted
  const headHost = (text: string | undefined): string | undefined => (text === undefined ? undefined : headText(text))
  const routeAuthority = headHost(rule.rewrite?.authority ?? authorityOf(rule.headers))
  return destinations
    .map((listed): Choice => ({
      cluster: clusterOf(listed.destination, view),
      weight: single ? 1 : (listed.weight ?? 0),
      authority: routeAuthority ?? headHost(authorityOf(listed.headers)),
      request: edits(rule.headers, listed.headers, 'request'),
      response: edits(rule.headers, listed.headers, 'response')
    }))
    .filter(({ weight }) => weight > 0)
}

function clusterOf(to: Destination, view: Viewpoint): ClusterId {
  return view.clusterOf(namedTarget(to))
}

/** One for each destination that gets requests and has one: they are folded (istio.md 2.5). */
function hashPolicies(destinations: readonly HttpRouteDestination[], view: Viewpoint): HashPolicy[] {
  const live = destinations.length === 1 ? destinations : destinations.filter(({ weight }) => (weight ?? 0) > 0)
  return live.flatMap(({ destination }) => view.hashOf?.(namedTarget(destination)) ?? [])
}

function namedTarget({ host, subset, port }: Destination): NamedTarget {
  return { host, subset: subset === '' ? undefined : subset, port: port?.number }
}

function rewriteOf(rule: HttpRoute): PathRewrite | undefined {
  const { uri, uriRegexRewrite } = rule.rewrite ?? {}
  if (uri !== undefined && uri !== '') return { kind: 'prefix', value: headText(uri) }
  if (uriRegexRewrite?.match === undefined) return undefined
  return { kind: 'regex', match: uriRegexRewrite.match, substitute: headText(uriRegexRewrite.rewrite ?? '') }
}

/** The codes a redirect may have; any other gives no action. */
export const REDIRECT_CODES: readonly number[] = [301, 302, 303, 307, 308]
const PREFIX = '%PREFIX()%'

function redirectAction(rule: HttpRoute, redirect: Redirect, view: Viewpoint): RouteAction | undefined {
  const status = redirect.redirectCode === undefined || redirect.redirectCode === 0 ? 301 : redirect.redirectCode
  if (!REDIRECT_CODES.includes(status)) return undefined
  const uri = given(redirect.uri)
  const prefix = uri?.startsWith(PREFIX) === true ? uri.slice(PREFIX.length) : undefined
  return {
    kind: 'redirect',
    status,
    uri: prefix === undefined ? uri : undefined,
    prefixRewrite: prefix,
    authority: given(redirect.authority),
    scheme: given(redirect.scheme),
    port: redirectPort(redirect, view),
    response: editsOfSingle(rule.headers, undefined, 'response')
  }
}

/** A port that the scheme implies is left out of the Location. */
function redirectPort(redirect: Redirect, view: Viewpoint): number | undefined {
  const scheme = given(redirect.scheme) ?? (view.tls ? 'https' : 'http')
  const port = redirect.port ?? (redirect.derivePort === 'FROM_REQUEST_PORT' ? view.port : 0)
  const implied = scheme === 'https' ? 443 : 80
  return port === 0 || port === implied ? undefined : port
}

/** Text for a Location; an empty one is none. */
function given(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : headText(text)
}

function decodeBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)))
}

/** Istio's policy for routes that name none: two retries on failures that certainly did no work (istio.md 1.15). */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 2,
  perTryTimeout: 0,
  on: ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'],
  statuses: [],
  backoffBase: 25,
  backoffMax: 250,
  avoidTried: true
}

/**
 * The policy of a route; undefined when retries are turned off. A perTryTimeout that reaches the route's timeout is dropped. A route that
 * sticks to its endpoints (its only destination has a consistent hash) tries them again unless told otherwise.
 */
export function retryPolicy(retries: Retries | undefined, timeout: Millis, sticks = false): RetryPolicy | undefined {
  if (retries === undefined) return sticks ? { ...DEFAULT_RETRY, avoidTried: false } : DEFAULT_RETRY
  const attempts = retries.attempts ?? 0
  if (attempts <= 0) return undefined
  const perTry = durationOr(retries.perTryTimeout, 0)
  const base = durationOr(retries.backoff, DEFAULT_RETRY.backoffBase)
  return {
    attempts,
    perTryTimeout: timeout > 0 && perTry >= timeout ? 0 : perTry,
    ...conditions(retries.retryOn ?? ''),
    backoffBase: base,
    backoffMax: base * 10,
    avoidTried: retries.retryIgnorePreviousHosts ?? !sticks,
    ...(retries.retryRemoteLocalities === true ? { otherPriorities: true } : {})
  }
}

function durationOr(text: string | undefined, fallback: Millis): Millis {
  return (text === undefined ? undefined : parseDuration(text)) ?? fallback
}

function conditions(retryOn: string): Pick<RetryPolicy, 'on' | 'statuses'> {
  const tokens = retryOn.split(',').flatMap((token) => (token.trim() === '' ? [] : [token.trim()]))
  if (tokens.length === 0) return { on: DEFAULT_RETRY.on, statuses: DEFAULT_RETRY.statuses }
  const statuses = tokens.filter((token) => /^[1-5]\d\d$/.test(token)).map(Number)
  const on = tokens.filter((token) => !/^[1-5]\d\d$/.test(token))
  if (statuses.length > 0 && !on.includes('retriable-status-codes')) on.push('retriable-status-codes')
  return { on, statuses }
}
