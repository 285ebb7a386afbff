// Scopes of the gateway: one per port, hosts merged over all Gateways and their VirtualServices (istio.md 1.6, 3.1). Servers that do not
// carry HTTP are left out (check-rules.ts names them).

import { hasLabels } from '../api/label-selector.ts'
import type { Gateway, GatewayServer } from '../api/istio-gateway.ts'
import { isHttps, routesHttp } from './check-rules.ts'
import { hashFor } from './clusters.ts'
import { gatewayLabels } from './compile-limits.ts'
import type { World } from './compile-mesh.ts'
import { compileRules, isCatchAll } from './compile-rule.ts'
import type { RuleCaller } from './destination-rules.ts'
import { type TokenConfig, tokenRulesOf } from './compile-tokens.ts'
import { type PlacedRules, visibleTo } from './live-rule-sets.ts'
import { byAge, intersectHosts, keyOf, namespaceOf, resolveHost } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import { gatewayScope } from './route-table.ts'
import type { Route, ScopeHead } from './route-table.ts'
import type { RuleSet } from './rule-sets.ts'
import type { EntryContent } from './table-limits.ts'

/** A server, and whose it is. */
export interface Bound {
  readonly gateway: Gateway
  readonly server: GatewayServer
}

/** The servers of a gateway with these labels that `carries` takes, those of older Gateways first. Without labels every Gateway is served. */
export function boundServers(
  gateways: readonly Gateway[],
  labels: Readonly<Record<string, string>> | undefined,
  carries: (server: GatewayServer) => boolean = routesHttp
): Bound[] {
  return gateways
    .filter(({ spec }) => labels === undefined || hasLabels(labels, spec.selector ?? {}))
    .toSorted(byAge)
    .flatMap((gateway) => (gateway.spec.servers ?? []).filter(carries).map((server): Bound => ({ gateway, server })))
}

/** The scope of a port that some servers have. */
export function gatewayHead(
  config: TokenConfig & Pick<MeshConfig, 'gatewayLabels' | 'gateways'>,
  port: number,
  bound: readonly Bound[]
): ScopeHead {
  const tls = bound.some(({ server }) => isHttps(server))
  const tokens = tokenRulesOf(config, gatewayLabels(config, port))
  return { id: gatewayScope(port), kind: 'gateway', port, namespace: '', tls, ...(tokens.length === 0 ? {} : { tokens }) }
}

/** Hosts that a server has whatever VirtualServices say: those it redirects to https. */
export function redirectedHosts({ server }: Bound): string[] {
  return server.tls?.httpsRedirect === true ? server.hosts.map(dnsName) : []
}

/** What a host means on a port: the rules of all VirtualServices that have it there, put together. */
export function gatewayContent(
  world: World,
  at: { readonly port: number; readonly host: string },
  all: { readonly bound: readonly Bound[]; readonly sets: readonly PlacedRules[] }
): EntryContent {
  const { port, host } = at
  let httpsRedirect = all.bound.some((bound) => redirectedHosts(bound).includes(host))
  let broken = false
  const routes: Route[] = []
  const visible = visibleTo(all.sets, world.frame().gateway.namespace)
  for (const bound of all.bound) {
    for (const rule of visible) {
      if (!hostsOf(bound, rule).includes(host)) continue
      httpsRedirect ||= bound.server.tls?.httpsRedirect === true
      broken ||= rule.broken
      if (!rule.broken) routes.push(...routesOf(world, { ...bound, rule, port }))
    }
  }
  const ordered = [...routes.filter((route) => !isCatchAll(route)), ...routes.filter(isCatchAll).slice(0, 1)]
  return { host, httpsRedirect, routes: ordered, broken }
}

function dnsName(host: string): string {
  return host.slice(host.indexOf('/') + 1).toLowerCase()
}

interface Meeting extends Bound {
  readonly rule: RuleSet
  readonly port: number
}

/** The narrower of each pair of server host and VirtualService host, where the server admits the VirtualService's namespace. */
export function hostsOf({ gateway, server }: Bound, rule: RuleSet): string[] {
  if (!rule.gateways.includes(keyOf(gateway))) return []
  const found = new Set<string>()
  for (const entry of server.hosts) {
    const slash = entry.indexOf('/')
    const admitted = slash < 0 ? '*' : entry.slice(0, slash)
    if (admitted !== '*' && (admitted === '.' ? namespaceOf(gateway) : admitted) !== rule.namespace) continue
    for (const written of rule.hosts) {
      const host = intersectHosts(dnsName(entry), written)
      if (host !== undefined) found.add(host)
    }
  }
  return [...found]
}

function routesOf(world: World, { gateway, server, rule, port }: Meeting): Route[] {
  const caller = world.frame().gateway
  const fullHost = (host: string): string => resolveHost(host, rule.namespace)
  return compileRules(rule.rules, {
    virtualService: rule.key,
    namespace: rule.namespace,
    gateway: keyOf(gateway),
    port,
    // A server that only redirects has a tls block too.
    tls: isHttps(server) || server.tls !== undefined,
    caller,
    hashOf: (to) => hashFor(world, { ...to, host: fullHost(to.host) }, caller),
    clusterOf: (to) => {
      const host = fullHost(to.host)
      return world.reach({ host, subset: to.subset, port: to.port ?? onlyPort(world, host, caller) ?? port }, caller)
    }
  })
}

/** The port of a host that has only one; with several a rule must name it. */
export function onlyPort(world: World, host: string, { namespace }: RuleCaller): number | undefined {
  const ports = world.hosts.seenFrom(host, namespace)?.ports ?? []
  return ports.length === 1 ? ports[0]?.number : undefined
}
