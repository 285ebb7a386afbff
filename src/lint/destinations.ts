// Destinations that do not exist or have nobody behind them: hosts, ports, subsets (istio.md 7.6, 9.3, 9.4, 9.7, 9.8). Subsets are looked
// up as a caller in the VirtualService's namespace would.

import { hasLabels } from '../api/label-selector.ts'
import type { Subset } from '../api/istio-destination-rule.ts'
import type { Destination } from '../api/istio-common.ts'
import type { HttpRoute, VirtualService } from '../api/istio-virtual-service.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem, Place } from '../route/catalogue.ts'
import { ruleFor } from '../route/destination-rules.ts'
import { keyOf, namespaceOf, resolveHost } from '../route/mesh-config.ts'
import type { RegistryHost } from '../route/registry.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

/** Problems of every destination of every HTTP rule, and of DestinationRules for hosts that do not exist. */
export function lintDestinations(mesh: Mesh): ObjectProblem[] {
  const problems = rulesOf(mesh).flatMap((placed) => listedIn(placed.rule).flatMap((listed) => lintDestination(mesh, placed, listed)))
  for (const rule of mesh.config.destinationRules) {
    const host = resolveHost(rule.spec.host, namespaceOf(rule))
    if (mesh.around.isKnown(host)) continue
    const place = { object: referTo('DestinationRule', rule), path: 'spec.host' }
    problems.push(problem('host-unknown-rule', place, [rule.spec.host, hint(mesh, rule.spec.host, host)]))
  }
  return problems
}

/** A destination as a rule lists it: for requests with its weight, or for copies. */
interface Listed {
  readonly destination: Destination
  /** Below the rule. */
  readonly path: string
  readonly weight: number
  readonly what: 'requests' | 'copies'
}

function listedIn({ route = [], mirror, mirrors = [] }: HttpRoute): Listed[] {
  const copies = (destination: Destination, path: string): Listed => ({ destination, path, weight: 100, what: 'copies' })
  return [
    ...route.map(({ destination, weight = 0 }, index): Listed => ({
      destination,
      path: `route[${index}].destination`,
      weight: route.length === 1 ? 100 : weight,
      what: 'requests'
    })),
    ...(mirror === undefined ? [] : [copies(mirror, 'mirror')]),
    ...mirrors.map(({ destination }, index) => copies(destination, `mirrors[${index}].destination`))
  ]
}

/** What becomes of what is sent there. */
function fate(what: Listed['what'], flag: 'NC' | 'UH'): string {
  return what === 'copies' ? 'its copies are dropped' : `its requests get 503 (${flag})`
}

/** Half-qualified names mean nothing to Istio: say what was meant, or which name the short one became. */
function hint(mesh: Mesh, written: string, host: string): string {
  const full = `${written}.svc.cluster.local`
  if (mesh.around.hosts.has(full)) return ` (${full} exists: a name with a dot is taken as complete)`
  const elsewhere = mesh.around.called(written)
  if (elsewhere !== undefined) return ` (it means ${host}; there is ${elsewhere.host})`
  return written === host ? '' : ` (it means ${host})`
}

function lintDestination(mesh: Mesh, placed: PlacedRule, listed: Listed): ObjectProblem[] {
  const place = within(placed.place, listed.path)
  const { destination, weight, what } = listed
  const full = resolveHost(destination.host, namespaceOf(placed.virtualService))
  const host = mesh.around.hosts.get(full)
  if (host === undefined) {
    return mesh.around.isKnown(full)
      ? []
      : [problem('host-not-found', within(place, 'host'), [destination.host, hint(mesh, destination.host, full), fate(what, 'NC')])]
  }
  if (!viewersOf(placed.virtualService).some((viewer) => mesh.around.hosts.seenFrom(full, viewer) !== undefined)) {
    const exported = ` that its callers see (${full} is exported to ${(host.exportTo ?? []).join(', ') || 'nobody'})`
    return [problem('host-not-found', within(place, 'host'), [destination.host, exported, fate(what, 'NC')])]
  }
  const problems = lintPort(host, destination.port?.number, place)
  if (destination.subset === undefined || destination.subset === '') return problems
  return [
    ...problems,
    ...lintSubset(mesh, {
      place: within(place, 'subset'),
      host,
      name: destination.subset,
      weight,
      what,
      caller: namespaceOf(placed.virtualService)
    })
  ]
}

/** Namespaces whose callers have the rules: those that are named, else its own. */
function viewersOf(virtualService: VirtualService): readonly string[] {
  const own = namespaceOf(virtualService)
  const named = (virtualService.spec.exportTo ?? []).filter((entry) => entry !== '*').map((entry) => (entry === '.' ? own : entry))
  return named.length === 0 ? [own] : named
}

function lintPort(host: RegistryHost, port: number | undefined, place: Place): ObjectProblem[] {
  const numbers = host.ports.map(({ number }) => number)
  if (port === undefined) return numbers.length > 1 ? [problem('port-required', place, [host.host, numbers.join(', ')])] : []
  return numbers.includes(port)
    ? []
    : [problem('port-not-found', within(place, 'port.number'), [host.host, port, numbers.join(', ') || 'none'])]
}

interface SubsetUse {
  readonly place: Place
  readonly host: RegistryHost
  readonly name: string
  readonly weight: number
  readonly what: Listed['what']
  readonly caller: string
}

function lintSubset(mesh: Mesh, use: SubsetUse): ObjectProblem[] {
  const rule = ruleFor(mesh.around.rules, use.host.host, use.host.namespace, use.caller)
  const subset = rule?.subsets.find(({ name }) => name === use.name)
  if (subset === undefined)
    return [problem('subset-not-found', use.place, [use.name, use.host.host, knownText(mesh, use, rule?.subsets), fate(use.what, 'NC')])]
  return use.host.origin === 'service' ? lintPods(mesh, use, subset) : []
}

function knownText(mesh: Mesh, use: SubsetUse, subsets: readonly Subset[] | undefined): string {
  const other = mesh.around.defining(use.name, use.host.host)
  if (other !== undefined) return `DestinationRule ${keyOf(other)} defines it, but callers in ${use.caller} do not use that rule`
  if (subsets === undefined) return 'no DestinationRule is for this host'
  return subsets.length === 0 ? 'its DestinationRule has no subsets' : `known subsets: ${subsets.map(({ name }) => name).join(', ')}`
}

/** Whether anybody has the subset's labels: ready endpoints first, which is the common case, then pods and templates. */
function lintPods(mesh: Mesh, use: SubsetUse, subset: Subset): ObjectProblem[] {
  mesh.around.hosts.noteMembers(use.host.host)
  const endpoints = use.host.ports[0]?.endpoints.filter(({ labels }) => hasLabels(labels, subset.labels ?? {})) ?? []
  if (endpoints.some(({ ready }) => ready)) return []
  const wanted = wantedLabels(mesh, use.host, subset)
  if (wanted === undefined) return []
  const share = use.weight > 0 ? fate(use.what, 'UH') : 'it has weight 0 for now'
  if (!mesh.around.workloads().some(({ namespace, labels }) => namespace === use.host.namespace && hasLabels(labels, wanted))) {
    const severity = use.weight > 0 ? 'error' : 'warning'
    return [problem('subset-no-pods', use.place, [use.name, use.host.host, labelText(wanted), share], severity)]
  }
  // Among files there are no endpoints to be ready.
  if (endpoints.length === 0 && mesh.pods === 'some') return []
  const there = endpoints.length === 0 ? 'there is none' : `${endpoints.length} not ready`
  return [problem('subset-not-ready', use.place, [use.name, use.host.host, there, share])]
}

/** Labels of the pods that the Service and the subset select; undefined where that cannot be told. */
function wantedLabels(mesh: Mesh, host: RegistryHost, subset: Subset): Readonly<Record<string, string>> | undefined {
  if (mesh.around.workloads().length === 0 && mesh.pods === 'some') return undefined
  const selector = mesh.around.get('services', `${host.namespace}/${host.name}`)?.spec?.selector
  return selector === undefined ? undefined : { ...selector, ...subset.labels }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}
