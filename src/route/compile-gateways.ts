// Scopes of the gateway: one per port, hosts merged over all Gateways and their VirtualServices (istio.md 1.6, 3.1). Servers that do not
// carry HTTP are left out (check-rules.ts names them).

import { hasLabels } from '../api/label-selector.ts'
import type { Gateway, GatewayServer } from '../api/istio-gateway.ts'
import { isHttps, routesHttp } from './check-rules.ts'
import { visibleTo } from './compile-mesh.ts'
import type { Work } from './compile-mesh.ts'
import { gatewayLabels } from './compile-limits.ts'
import { compileRules, isCatchAll } from './compile-rule.ts'
import { tokenRulesOf } from './compile-tokens.ts'
import { ROOT_NAMESPACE, byAge, intersectHosts, keyOf, namespaceOf, resolveHost } from './mesh-config.ts'
import { gatewayScope } from './route-table.ts'
import type { RuleSet } from './rule-sets.ts'
import type { Route } from './route-table.ts'

interface Bound {
  readonly gateway: Gateway
  readonly server: GatewayServer
}

interface Merged {
  httpsRedirect: boolean
  broken: boolean
  readonly routes: Route[]
}

/** Opens a scope for each port that a Gateway serves, and binds the hosts that VirtualServices have there. */
export function compileGateways(work: Work): void {
  const servers = work.config.gateways
    .filter((gateway) => serves(work, gateway))
    .toSorted(byAge)
    .flatMap((gateway) => (gateway.spec.servers ?? []).filter(routesHttp).map((server): Bound => ({ gateway, server })))
  const rules = visibleTo(work.ruleSets, ownerOf(work))
  const ports = Map.groupBy(servers, ({ server }) => server.port.number)
  for (const [port, bound] of [...ports].toSorted(([a], [b]) => a - b)) compilePort(work, port, { bound, rules })
}

function serves(work: Work, gateway: Gateway): boolean {
  return work.config.gatewayLabels === undefined || hasLabels(work.config.gatewayLabels, gateway.spec.selector ?? {})
}

function compilePort(work: Work, port: number, all: { readonly bound: readonly Bound[]; readonly rules: readonly RuleSet[] }): void {
  const id = gatewayScope(port)
  const tls = all.bound.some(({ server }) => isHttps(server))
  const tokens = tokenRulesOf(work.config, gatewayLabels(work.config, port))
  work.builder.open({ id, kind: 'gateway', port, namespace: '', tls, ...(tokens.length === 0 ? {} : { tokens }) })
  const merged = new Map<string, Merged>()
  for (const each of all.bound) {
    if (each.server.tls?.httpsRedirect === true) for (const host of each.server.hosts) entryOf(merged, dnsName(host)).httpsRedirect = true
    for (const rule of all.rules) mergeRule(work, { ...each, rule, port }, merged)
  }
  for (const [host, { httpsRedirect, broken, routes }] of merged) {
    const ordered = [...routes.filter((route) => !isCatchAll(route)), ...routes.filter(isCatchAll).slice(0, 1)]
    work.builder.bind(id, host, { host, httpsRedirect, routes: ordered, broken })
  }
}

function entryOf(merged: Map<string, Merged>, host: string): Merged {
  const found = merged.get(host) ?? { httpsRedirect: false, broken: false, routes: [] }
  merged.set(host, found)
  return found
}

function dnsName(host: string): string {
  return host.slice(host.indexOf('/') + 1).toLowerCase()
}

interface Meeting extends Bound {
  readonly rule: RuleSet
  readonly port: number
}

function mergeRule(work: Work, meeting: Meeting, merged: Map<string, Merged>): void {
  const { gateway, rule } = meeting
  if (!rule.gateways.includes(keyOf(gateway))) return
  const hosts = hostsOf(meeting)
  if (hosts.length === 0) return
  const { broken } = rule
  const routes = broken ? [] : routesOf(work, meeting)
  for (const host of hosts) {
    const entry = entryOf(merged, host)
    entry.broken ||= broken
    entry.httpsRedirect ||= meeting.server.tls?.httpsRedirect === true
    entry.routes.push(...routes)
  }
}

/** The narrower of each pair of server host and VirtualService host, where the server admits the VirtualService's namespace. */
function hostsOf({ gateway, server, rule }: Meeting): string[] {
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

function routesOf(work: Work, { gateway, server, rule, port }: Meeting): Route[] {
  const caller = { namespace: ownerOf(work), labels: work.config.gatewayLabels ?? {} }
  const fullHost = (host: string): string => resolveHost(host, rule.namespace)
  return compileRules(rule.rules, {
    virtualService: rule.key,
    namespace: rule.namespace,
    gateway: keyOf(gateway),
    port,
    // A server that only redirects has a tls block too.
    tls: isHttps(server) || server.tls !== undefined,
    caller,
    hashOf: (to) => work.clusters.hashFor({ ...to, host: fullHost(to.host) }, caller),
    clusterOf: (to) => {
      const host = fullHost(to.host)
      return work.clusters.idFor({ host, subset: to.subset, port: to.port ?? onlyPort(work, host) ?? port }, caller)
    }
  })
}

/** The port of a host that has only one; with several a rule must name it. */
function onlyPort(work: Work, host: string): number | undefined {
  const ports = work.registry.seenFrom(host, ownerOf(work))?.ports ?? []
  return ports.length === 1 ? ports[0]?.number : undefined
}

/** Where the gateway's pod is: what it sees of the mesh. */
function ownerOf({ config }: Work): string {
  return config.gatewayNamespace ?? ROOT_NAMESPACE
}
