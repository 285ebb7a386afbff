// Delegates (istio.md 1.8): a rule of a root VirtualService that names another one is replaced by that one's rules, each joined with it. It
// only joins; which rules apply to a caller is decided later, as if the joined rules had been written so.

import type { HttpMatch, HttpRoute, StringMatch, VirtualService } from '../api/istio-virtual-service.ts'
import { isVisible, keyOf, namespaceOf, resolveGateway, resolveHost } from './mesh-config.ts'

/** A rule with its place in `spec.http` of the VirtualService that lists it. */
export interface ListedRule {
  readonly rule: HttpRoute
  readonly index: number
  /** What its VirtualService says of the access log. */
  readonly log?: 'on' | 'off'
}

/** The rules of a VirtualService with those of its delegates in their places. */
export interface JoinedRules {
  readonly rules: readonly ListedRule[]
  /** namespace/name of the delegates it uses. */
  readonly delegates: readonly string[]
  /** Rules of delegates (by their index there) with a match that fits none of the rule that names them: left out whole. */
  readonly lost: readonly { readonly delegate: string; readonly index: number }[]
}

/** VirtualServices without hosts, by namespace/name: what a rule can delegate to. */
export type Delegates = ReadonlyMap<string, VirtualService>

/** The delegates among some VirtualServices. */
export function delegatesOf(virtualServices: readonly VirtualService[]): Delegates {
  return new Map(virtualServices.filter(({ spec }) => (spec.hosts ?? []).length === 0).map((each) => [keyOf(each), each]))
}

/** namespace/name of the delegate that a rule of `namespace` names. */
export function delegateKey(delegate: NonNullable<HttpRoute['delegate']>, namespace: string): string {
  return `${delegate.namespace === undefined || delegate.namespace === '' ? namespace : delegate.namespace}/${delegate.name ?? ''}`
}

/** The rules of `root` in order. A rule whose delegate is missing or not exported to the root's namespace is left out; the others stay. */
export function joinDelegates(root: VirtualService, delegates: Pick<Delegates, 'get'>): JoinedRules {
  const namespace = namespaceOf(root)
  const rules: ListedRule[] = []
  const used: string[] = []
  const lost: { readonly delegate: string; readonly index: number }[] = []
  for (const [index, rule] of (root.spec.http ?? []).entries()) {
    if (rule.delegate === undefined) {
      rules.push({ rule, index })
      continue
    }
    const key = delegateKey(rule.delegate, namespace)
    const leaf = delegates.get(key)
    if (leaf === undefined || !isVisible(leaf.spec.exportTo, namespaceOf(leaf), namespace)) continue
    used.push(key)
    const own = withFullNames(rule, namespace)
    for (const [at, inner] of (leaf.spec.http ?? []).entries()) {
      const joined = joinRule(own, withFullNames(inner, namespaceOf(leaf)))
      if (joined === undefined) lost.push({ delegate: key, index: at })
      else rules.push({ rule: joined, index })
    }
  }
  return { rules, delegates: used, lost }
}

type Destination = NonNullable<HttpRoute['mirror']>

/** The rule with short names made full: those of a delegate are its own namespace's. */
function withFullNames(rule: HttpRoute, namespace: string): HttpRoute {
  const full = (to: Destination): Destination => ({ ...to, host: resolveHost(to.host, namespace) })
  const { match, route, mirror, mirrors } = rule
  return {
    ...rule,
    ...(match === undefined ? {} : { match: match.map((each) => withFullGateways(each, namespace)) }),
    ...(route === undefined ? {} : { route: route.map((each) => ({ ...each, destination: full(each.destination) })) }),
    ...(mirror === undefined ? {} : { mirror: full(mirror) }),
    ...(mirrors === undefined ? {} : { mirrors: mirrors.map((each) => ({ ...each, destination: full(each.destination) })) })
  }
}

function withFullGateways(match: HttpMatch, namespace: string): HttpMatch {
  return match.gateways === undefined ? match : { ...match, gateways: match.gateways.map((name) => resolveGateway(name, namespace)) }
}

/** What a delegate takes over from the root's rule when it says nothing of its own, whole blocks at a time. */
const INHERITED = [
  'rewrite',
  'directResponse',
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrorPercent',
  'mirror_percent',
  'mirrorPercentage',
  'mirrors',
  'corsPolicy',
  'headers'
] as const satisfies readonly (keyof HttpRoute)[]

function joinRule(root: HttpRoute, leaf: HttpRoute): HttpRoute | undefined {
  const match = joinMatches(root.match ?? [], leaf.match ?? [])
  if (match === undefined) return undefined
  const inherited = Object.fromEntries(INHERITED.filter((field) => leaf[field] === undefined).map((field) => [field, root[field]]))
  const name = joinNames(root.name, leaf.name)
  // Only fields that HttpRoute has were taken from a HttpRoute.
  return { ...leaf, ...(inherited as Partial<HttpRoute>), match, ...(name === undefined ? {} : { name }) }
}

function joinNames(root: string | undefined, leaf: string | undefined): string | undefined {
  if (leaf === undefined || leaf === '') return root
  return root === undefined || root === '' ? leaf : `${root}-${leaf}`
}

/** Every match of the leaf with each of the root's that it fits; undefined when one of them fits none. */
function joinMatches(root: readonly HttpMatch[], leaf: readonly HttpMatch[]): readonly HttpMatch[] | undefined {
  if (root.length === 0) return leaf
  if (leaf.length === 0) return root
  const joined: HttpMatch[] = []
  for (const inner of leaf) {
    const fitting = root.filter((outer) => !conflicts(outer, inner))
    if (fitting.length === 0) return undefined
    for (const outer of fitting) joined.push(joinMatch(outer, inner))
  }
  return joined
}

const MAPS = ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'] as const
const TEXTS = ['uri', 'scheme', 'method', 'authority'] as const

function joinMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const name = joinNames(root.name, leaf.name)
  const maps = Object.fromEntries(
    MAPS.flatMap((field) => {
      const both = { ...root[field], ...leaf[field] }
      return Object.keys(both).length === 0 ? [] : [[field, both]]
    })
  )
  const gateways = (leaf.gateways ?? []).length === 0 ? root.gateways : leaf.gateways
  return {
    ...root,
    ...leaf,
    // Maps of one field hold what that field holds.
    ...(maps as Partial<HttpMatch>),
    ...(name === undefined ? {} : { name }),
    ...(gateways === undefined ? {} : { gateways }),
    ...(given(leaf.port) || !given(root.port) ? {} : { port: root.port }),
    ...(given(leaf.sourceNamespace) || !given(root.sourceNamespace) ? {} : { sourceNamespace: root.sourceNamespace }),
    ...(given(leaf.statPrefix) || !given(root.statPrefix) ? {} : { statPrefix: root.statPrefix })
  }
}

function given<T extends string | number>(value: T | undefined): value is T {
  return value !== undefined && value !== '' && value !== 0
}

/** Whether no request can be meant by both, as Istio judges it: in doubt they conflict. */
function conflicts(root: HttpMatch, leaf: HttpMatch): boolean {
  if ((root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false) || callersConflict(root, leaf)) return true
  if (TEXTS.some((field) => textsConflict(root[field], leaf[field]))) return true
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [key, value] of Object.entries(leaf[field] ?? {})) if (textsConflict(root[field]?.[key], value)) return true
  }
  return false
}

/** The conditions that are settled before a request comes. */
function callersConflict(root: HttpMatch, leaf: HttpMatch): boolean {
  if (given(root.port) && given(leaf.port) && root.port !== leaf.port) return true
  if (given(root.sourceNamespace) && leaf.sourceNamespace !== root.sourceNamespace) return true
  return labelsConflict(root.sourceLabels ?? {}, leaf.sourceLabels ?? {}) || gatewaysConflict(root.gateways ?? [], leaf.gateways ?? [])
}

function labelsConflict(root: Readonly<Record<string, string>>, leaf: Readonly<Record<string, string>>): boolean {
  return Object.entries(leaf).some(([key, value]) => (root[key] ?? value) !== value)
}

function gatewaysConflict(root: readonly string[], leaf: readonly string[]): boolean {
  return root.length > 0 && leaf.some((name) => !root.includes(name))
}

function textsConflict(root: StringMatch | null | undefined, leaf: StringMatch | null | undefined): boolean {
  if (root === undefined || root === null || leaf === undefined || leaf === null) return false
  if (given(root.regex) || given(leaf.regex)) return true
  if (given(root.exact)) return given(leaf.prefix) || leaf.exact !== root.exact
  if (!given(root.prefix)) return true
  return !(leaf.prefix ?? leaf.exact ?? '').startsWith(root.prefix)
}
