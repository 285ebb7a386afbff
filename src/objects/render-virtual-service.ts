// The VirtualService of a Canary (flagger.md 3.3, 3.5). A live one is patched field by field, each replaced value tested first; what others
// put there, entries and unknown fields included, stays.

import { type KubeObject, isOwned } from '../api/object.ts'
import { dig, isObject, listAt, parsedJson, sameJson } from '../std/json.ts'
import type { Plan, Rules } from '../canary/plan.ts'
import { ROUTING_ANNOTATION } from './routing-mark.ts'
import { entriesOf, type Entry, ENTRY_FIELDS, type Traffic } from './routes.ts'
import { destinationsOf, foreignHosts, foreignIn, ownEntries, routeOf, rulesOf } from './virtual-service.ts'
import { addEntries, FLUX_OPT_OUTS, ownerOf, type PatchOperation, patchOf, RESOURCES, setAt, type Write } from './write.ts'

const ORIGINAL = 'flagger.kubernetes.io/original-configuration'

/** Creates the VirtualService, or brings a live one to where traffic is to go. */
export function virtualServiceWrites(traffic: Traffic, live: KubeObject | undefined): readonly Write[] {
  const { canary, plan } = traffic
  const apex = dig(canary, 'spec', 'service', 'apex')
  const labels = texts(dig(apex, 'labels'))
  const annotations = { ...texts(dig(apex, 'annotations')), ...FLUX_OPT_OUTS }
  const { hosts, gateways } = facing(canary, plan)
  if (live === undefined) {
    const object: KubeObject = {
      apiVersion: 'networking.istio.io/v1beta1',
      kind: 'VirtualService',
      metadata: {
        name: plan.apex,
        namespace: plan.namespace,
        ...(Object.keys(labels).length === 0 ? {} : { labels }),
        annotations: { ...annotations, ...(traffic.mark === undefined ? {} : { [ROUTING_ANNOTATION]: traffic.mark }) },
        ownerReferences: [ownerOf(canary)]
      },
      spec: { ...(gateways === undefined ? {} : { gateways }), hosts, [plan.rules]: entriesOf(traffic) }
    }
    return [{ verb: 'create', resource: RESOURCES.virtualServices, object }]
  }
  const own = ownEntries(live, plan.apex, plan.rules)
  const operations = [
    ...setAt(live, ['spec', 'hosts'], hosts),
    ...setAt(live, ['spec', 'gateways'], gateways),
    ...(own.length === 0 ? takeOver(traffic, live) : correct(traffic, live, own)),
    ...withoutOthers(plan, live),
    ...addEntries(live, ['metadata', 'labels'], labels),
    ...(own.length === 0 ? [] : addEntries(live, ['metadata', 'annotations'], annotations))
  ]
  return patchOf(RESOURCES.virtualServices, live, [...operations, ...markOperations(traffic, live, operations.length > 0)])
}

// Routes that are right as they are, as Flagger left them, need no mark unless it tells more than the status. Those that others share are
// not written, so they get none.
function markOperations(traffic: Traffic, live: KubeObject, written: boolean): readonly PatchOperation[] {
  const { mark, plan } = traffic
  const now = live.metadata.annotations?.[ROUTING_ANNOTATION]
  const needless = mark !== undefined && now === undefined && !written && !tells(traffic)
  if (needless || (mark !== undefined && foreignHosts(live, plan.apex, plan.rules).length > 0)) return []
  return setAt(live, ['metadata', 'annotations', ROUTING_ANNOTATION], mark)
}

// Copies before the first weight, and whether blue/green has all traffic though fewer iterations are wanted by now (adopt.ts).
function tells({ routing, plan: { strategy } }: Traffic): boolean {
  return routing.kind === 'mirror' || strategy.kind === 'blue-green'
}

/** Gives a VirtualService that was there before the Canary its spec back, where it was kept. */
export function releaseVirtualService(canary: KubeObject, live: KubeObject): readonly Write[] {
  if (isOwned(live, canary)) return []
  const kept = live.metadata.annotations?.[ORIGINAL]
  const spec = kept === undefined ? undefined : parsedJson(kept)
  const unmarked = setAt(live, ['metadata', 'annotations', ROUTING_ANNOTATION], undefined)
  return patchOf(RESOURCES.virtualServices, live, [...(isObject(spec) ? setAt(live, ['spec'], spec) : []), ...unmarked])
}

/** Gives what routes of before lead to a baseline that is to go to the primary; all else of them stays. */
export function ledFromBaseline({ apex }: Plan, live: KubeObject | undefined): readonly Write[] {
  if (live === undefined) return []
  const operations = rulesOf(live, 'http').flatMap((entry, index): readonly PatchOperation[] => {
    const share = destinationsOf(entry).find(({ host }) => host === `${apex}-baseline`)?.weight
    if (share === undefined) return []
    const route = routeOf(entry).flatMap((to, place) => {
      const { host, weight } = destinationsOf(entry)[place] ?? { host: '', weight: 0 }
      if (host === `${apex}-baseline`) return []
      return [host === `${apex}-primary` ? { ...to, weight: weight + share } : to]
    })
    return setAt(live, ['spec', 'http', String(index), 'route'], route)
  })
  return patchOf(RESOURCES.virtualServices, live, operations)
}

function correct(traffic: Traffic, live: KubeObject, own: readonly number[]): readonly PatchOperation[] {
  const { apex, rules } = traffic.plan
  const entries = rulesOf(live, rules)
  const wanted = entriesOf(traffic)
  if (own.some((index) => foreignIn(entries[index], apex).length > 0)) return leave(traffic, live, own)
  if (wanted.length === own.length) return wanted.flatMap((entry, at) => correctEntry(live, own[at] ?? 0, { entry, apex, rules }))
  // Cookies come and go: ours are replaced where the first of them is, and others' keep their order.
  const first = own[0] ?? 0
  const others = (from: number, to: number): readonly unknown[] => entries.slice(from, to).filter((_, at) => !own.includes(from + at))
  return setAt(live, ['spec', rules], [...others(0, first), ...wanted, ...others(first, entries.length)])
}

function correctEntry(
  live: KubeObject,
  index: number,
  { entry, apex, rules }: { readonly entry: Entry; readonly apex: string; readonly rules: Rules }
): readonly PatchOperation[] {
  const at = ['spec', rules, String(index)]
  const now = rulesOf(live, rules)[index]
  const copied = dig(now, 'mirror', 'host')
  // Copies for somebody else are not ours to end.
  const foreign = copied !== undefined && copied !== `${apex}-canary` && entry['mirror'] === undefined
  const fields = ENTRY_FIELDS[rules]
    .filter((field) => !foreign || !field.startsWith('mirror'))
    .flatMap((field) => setAt(live, [...at, field], entry[field]))
  const [is, then] = [routeOf(now), routeOf(entry)]
  const alike = is.length === then.length && is.every((to, place) => isAlike(to, then[place]))
  if (!alike) return [...fields, ...setAt(live, [...at, 'route'], entry['route'])]
  const weights = destinationsOf(entry).flatMap(({ weight }, place) => setAt(live, [...at, 'route', String(place), 'weight'], weight))
  const headers = then.flatMap((to, place) => setAt(live, [...at, 'route', String(place), 'headers'], dig(to, 'headers')))
  return [...fields, ...weights, ...headers]
}

// The same host, and the same port where one is named; what else a destination has is others'.
function isAlike(live: unknown, wanted: unknown): boolean {
  const [port, host] = [dig(wanted, 'destination', 'port'), dig(wanted, 'destination', 'host')]
  return dig(live, 'destination', 'host') === host && (port === undefined || sameJson(dig(live, 'destination', 'port'), port))
}

// Somebody has put a destination of his own beside ours: what it gets is his to say. Nothing is changed but that a canary that must go has
// its share taken away, for the primary.
function leave({ routing, plan: { rules, apex } }: Traffic, live: KubeObject, own: readonly number[]): readonly PatchOperation[] {
  if (routing.kind !== 'weights' || routing.canary > 0) return []
  return own.flatMap((index) => {
    const destinations = destinationsOf(rulesOf(live, rules)[index])
    const at = (role: string): number => destinations.findIndex(({ host }) => host === `${apex}-${role}`)
    const [primary, canary, baseline] = [at('primary'), at('canary'), at('baseline')]
    const [kept, given, more = 0] = [primary, canary, baseline].map((place) => destinations[place]?.weight)
    if (kept === undefined || given === undefined) return []
    const weightAt = (place: number): readonly string[] => ['spec', rules, String(index), 'route', String(place), 'weight']
    const away = [canary, ...(baseline < 0 ? [] : [baseline])].flatMap((place) => setAt(live, weightAt(place), 0))
    return [...setAt(live, weightAt(primary), kept + given + more), ...away]
  })
}

// A Service that changed its protocol has left entries among the other rules.
function withoutOthers({ apex, rules }: Plan, live: KubeObject): readonly PatchOperation[] {
  const other: Rules = rules === 'http' ? 'tcp' : 'http'
  const own = ownEntries(live, apex, other)
  if (own.length === 0) return []
  const rest = rulesOf(live, other).filter((_, index) => !own.includes(index))
  return setAt(live, ['spec', other], rest.length === 0 ? undefined : rest)
}

// A VirtualService without an entry of ours was the user's: its routes are replaced and kept in Flagger's annotation.
function takeOver(traffic: Traffic, live: KubeObject): readonly PatchOperation[] {
  const { canary, plan } = traffic
  const kept = live.metadata.annotations?.[ORIGINAL]
  const original = kept === undefined && !isOwned(live, canary) ? { [ORIGINAL]: JSON.stringify(live['spec'] ?? {}) } : {}
  return [
    ...setAt(live, ['spec', plan.rules], entriesOf(traffic)),
    ...addEntries(live, ['metadata', 'annotations'], {
      ...texts(dig(canary, 'spec', 'service', 'apex', 'annotations')),
      ...FLUX_OPT_OUTS,
      ...original
    })
  ]
}

function facing(canary: KubeObject, plan: Plan): { readonly hosts: readonly unknown[]; readonly gateways: readonly unknown[] | undefined } {
  const service = dig(canary, 'spec', 'service')
  if (dig(service, 'delegation') === true) return { hosts: [], gateways: undefined }
  const [hosts, gateways] = [listAt(service, 'hosts'), listAt(service, 'gateways')]
  return {
    hosts: hosts.includes('*') || hosts.includes(plan.apex) ? hosts : [...hosts, plan.apex],
    gateways: gateways.length === 0 ? ['mesh'] : gateways
  }
}

function texts(value: unknown): Record<string, string> {
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : {}
}
