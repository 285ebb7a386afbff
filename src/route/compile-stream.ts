// Connections that are not HTTP as routes (istio.md 1.16): a connection is decided like a request of which only the server name of its TLS is
// known, as its authority. What rules ask besides is known when they are compiled: the port, the gateway, and the address that was called.
// Who calls is not known at a Service's own address: rules for some callers apply to none there.

import { hasLabels } from '../api/label-selector.ts'
import type { StreamDestination, TcpRoute, TlsRoute } from '../api/istio-virtual-service.ts'
import { type Target, hashFor } from './clusters.ts'
import { type Bound, hostsOf, onlyPort } from './compile-gateways.ts'
import type { Meaning, World } from './compile-mesh.ts'
import type { RuleCaller } from './destination-rules.ts'
import { type PlacedRules, visibleTo } from './live-rule-sets.ts'
import { keyOf, resolveGateway, resolveHost } from './mesh-config.ts'
import { PLAIN_FORWARD, onlyChoice } from './plain.ts'
import type { RegistryHost } from './registry.ts'
import { gatewayStreamScope, streamScope } from './route-table.ts'
import type { Choice, HashPolicy, HeaderTest, Route } from './route-table.ts'
import { isInRange } from './subnet.ts'

/** Where connections come in, and who calls. */
interface Place {
  readonly world: World
  /** namespace/name of the gateway, or `mesh`. */
  readonly gateway: string
  readonly port: number
  readonly caller: RuleCaller
  /** Addresses that are called; undefined at a gateway, where rules do not ask. */
  readonly addresses: readonly string[] | undefined
}

const NOBODY: RuleCaller = { namespace: '', labels: {} }

/** What connections to a Service's own address mean, for each of its ports that carry bytes. */
export function streamMeanings(world: World, host: RegistryHost): Meaning[] {
  if (host.origin !== 'service' || host.addresses.length === 0) return []
  return host.ports.flatMap(({ number: port, stream }): Meaning[] => {
    if (stream === undefined || world.hosts.seenFrom(host.host, '') !== host) return []
    const place: Place = { world, gateway: 'mesh', port, caller: NOBODY, addresses: host.addresses }
    const sets = visibleTo(world.ruleSets.claimingStreams(host.host), '')
    const named = stream === 'tls' ? tlsRoutes(place, sets) : []
    const routes = [...named, tcpRoute(place, sets) ?? ownRoute(place, host)]
    const broken = sets.some((set) => set.broken)
    const scope = { id: streamScope(host.host, port), kind: 'mesh', port, namespace: '', tls: false } as const
    return [{ scope, content: { host: host.host, httpsRedirect: false, routes, broken } }]
  })
}

/** What connections to a gateway's port mean that is for bytes. Without a rule they mean nothing, and are closed. */
export function gatewayStream(
  world: World,
  { port, bound, sets }: { readonly port: number; readonly bound: readonly Bound[]; readonly sets: readonly PlacedRules[] }
): Meaning {
  const caller = world.frame().gateway
  const visible = visibleTo(sets, caller.namespace)
  const met = bound.flatMap((each) => visible.filter((set) => hostsOf(each, set).length > 0).map((set) => ({ each, set })))
  const first = met
    .map(({ each, set }) => tcpRoute({ world, gateway: keyOf(each.gateway), port, caller, addresses: undefined }, [set]))
    .find((route) => route !== undefined)
  const scope = { id: gatewayStreamScope(port), kind: 'gateway', port, namespace: '', tls: false } as const
  // No name of a host begins like this: the entry is nobody else's.
  const host = GATEWAY_STREAM
  return {
    scope,
    content: { host, httpsRedirect: false, routes: first === undefined ? [] : [first], broken: met.some(({ set }) => set.broken) }
  }
}

/** The domain under which a gateway's port for bytes is compiled. */
export const GATEWAY_STREAM = 'stream://*'

function ownRoute({ world, port, caller }: Place, { host }: RegistryHost): Route {
  const target = { host, port, subset: undefined }
  return routeOf(
    { virtualService: undefined, index: 0 },
    { choices: [onlyChoice(world.reach(target, caller))], hash: stickBy(hashFor(world, target, caller)) }
  )
}

/** The first rule that applies takes every connection. */
function tcpRoute(place: Place, sets: readonly PlacedRules[]): Route | undefined {
  for (const set of sets) {
    for (const [index, rule] of set.tcp.entries()) {
      const { match = [] } = rule
      if (match.length > 0 && !match.some((each) => applies(each, place, set.namespace))) continue
      const route = ruleRoute(place, set, { rule, index })
      if (route !== undefined) return route
    }
  }
  return undefined
}

/** A route for each set of server names; the same names again, in a later rule, mean nothing. */
function tlsRoutes(place: Place, sets: readonly PlacedRules[]): Route[] {
  const routes: Route[] = []
  const seen = new Set<string>()
  for (const set of sets) {
    for (const [index, rule] of set.tls.entries()) {
      const route = ruleRoute(place, set, { rule, index })
      if (route === undefined) continue
      for (const match of rule.match) {
        const names = match.sniHosts.map((name) => name.toLowerCase()).filter((name) => !seen.has(name))
        if (!applies(match, place, set.namespace)) continue
        for (const name of names) {
          seen.add(name)
          routes.push({ ...route, headers: name === '*' ? [ANY_NAME] : [nameTest(name)] })
        }
      }
    }
  }
  // A filter chain is found by the most specific name, not by its place.
  return routes.toSorted((a, b) => specificity(b) - specificity(a))
}

const ANY_NAME: HeaderTest = { name: ':authority', invert: true, test: { kind: 'exact', value: '' } }

function nameTest(name: string): HeaderTest {
  const value = name.startsWith('*.') ? `.+${name.slice(1).replaceAll('.', '\\.')}` : name
  return { name: ':authority', invert: false, test: { kind: name.startsWith('*.') ? 'regex' : 'exact', value } }
}

function specificity({ headers }: Route): number {
  const test = headers[0]?.test
  if (test?.kind === 'exact') return test.value === '' ? 0 : Number.POSITIVE_INFINITY
  return test?.kind === 'regex' ? test.value.length : 0
}

type StreamMatch = Omit<NonNullable<TcpRoute['match']>[number], 'sourceSubnet'> | TlsRoute['match'][number]

function applies(match: StreamMatch, place: Place, namespace: string): boolean {
  const { gateways = [] } = match
  const { gateway, port } = place
  if ((match.port ?? 0) !== 0 && match.port !== port) return false
  if (gateways.length > 0 && !gateways.some((name) => resolveGateway(name, namespace) === gateway)) return false
  return place.addresses === undefined || appliesToCall(match, place.caller, place.addresses)
}

function appliesToCall(match: StreamMatch, caller: RuleCaller, addresses: readonly string[]): boolean {
  const { destinationSubnets = [], sourceLabels = {}, sourceNamespace = '' } = match
  if (sourceNamespace !== '' && sourceNamespace !== caller.namespace) return false
  if (!hasLabels(caller.labels, sourceLabels)) return false
  return destinationSubnets.length === 0 || addresses.some((address) => destinationSubnets.some((range) => isInRange(address, range)))
}

function ruleRoute(
  place: Place,
  { key, namespace }: PlacedRules,
  { rule, index }: { readonly rule: { readonly route?: readonly StreamDestination[] }; readonly index: number }
): Route | undefined {
  const destinations = rule.route ?? []
  const single = destinations.length === 1
  const target = ({ destination }: StreamDestination): Target => targetOf(place, destination, namespace)
  const live = single ? destinations : destinations.filter(({ weight = 0 }) => weight > 0)
  if (live.length === 0) return undefined
  const { world, caller } = place
  const choices = live.map((listed) => ({
    ...onlyChoice(world.reach(target(listed), caller)),
    weight: single ? 1 : (listed.weight ?? 0)
  }))
  const hash = live.flatMap((listed) => stickBy(hashFor(world, target(listed), caller)))
  return routeOf({ virtualService: key, index }, { choices, hash })
}

/** In the mesh a destination without a port is called on the port that was called; at a gateway on its only one, where it has one. */
function targetOf({ world, gateway, port, caller }: Place, to: StreamDestination['destination'], namespace: string): Target {
  const host = resolveHost(to.host, namespace)
  const own = gateway === 'mesh' ? undefined : onlyPort(world, host, caller)
  return { host, subset: to.subset === '' ? undefined : to.subset, port: to.port?.number ?? own ?? port }
}

/** Of a connection nothing is known to stick by but where it comes from. */
function stickBy(policy: HashPolicy | undefined): HashPolicy[] {
  return policy?.kind === 'source-ip' ? [policy] : []
}

function routeOf(
  from: { readonly virtualService: string | undefined; readonly index: number },
  { choices, hash }: { readonly choices: readonly Choice[]; readonly hash: readonly HashPolicy[] }
): Route {
  return {
    ref: { ...from, name: undefined },
    path: { kind: 'any' },
    headers: [],
    query: [],
    action: { ...PLAIN_FORWARD, choices, total: choices.reduce((sum, { weight }) => sum + weight, 0), hash }
  }
}
