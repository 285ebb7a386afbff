// The DestinationRules and the VirtualService of a Canary (flagger.md 3.2, 3.3). A live VirtualService is patched field by field, each
// replaced value tested first; what others put there, unknown fields included, stays.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import type { Plan } from './plan.ts'
import { destinationsOf, ownEntry } from './virtual-service.ts'
import { addEntries, FLUX_OPT_OUTS, isOwned, ownerOf, type PatchOperation, patchOf, RESOURCES, setAt, type Write } from './write.ts'

const ORIGINAL = 'flagger.kubernetes.io/original-configuration'

/** Creates the DestinationRule of a role, or corrects host and traffic policy; subsets and other fields of a live one stay. */
export function ruleWrites(canary: KubeObject, plan: Plan, role: 'canary' | 'primary', live: KubeObject | undefined): readonly Write[] {
  const host = `${plan.apex}-${role}`
  const trafficPolicy = dig(canary, 'spec', 'service', 'trafficPolicy')
  if (live !== undefined) {
    const policy = trafficPolicy === undefined && !isOwned(live, canary) ? [] : setAt(live, ['spec', 'trafficPolicy'], trafficPolicy)
    return patchOf(RESOURCES.destinationRules, live, [...setAt(live, ['spec', 'host'], host), ...policy])
  }
  const object: KubeObject = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'DestinationRule',
    metadata: { name: host, namespace: plan.namespace, ownerReferences: [ownerOf(canary)] },
    spec: { host, ...(trafficPolicy === undefined ? {} : { trafficPolicy }) }
  }
  return [{ verb: 'create', resource: RESOURCES.destinationRules, object }]
}

/** Creates the VirtualService with the canary at `weight` percent, or brings a live one there. */
export function virtualServiceWrites(canary: KubeObject, plan: Plan, weight: number, live: KubeObject | undefined): readonly Write[] {
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
        annotations,
        ownerReferences: [ownerOf(canary)]
      },
      spec: { ...(gateways === undefined ? {} : { gateways }), hosts, http: [entryOf(canary, plan, weight)] }
    }
    return [{ verb: 'create', resource: RESOURCES.virtualServices, object }]
  }
  const index = ownEntry(live, plan.apex)
  return patchOf(RESOURCES.virtualServices, live, [
    ...setAt(live, ['spec', 'hosts'], hosts),
    ...setAt(live, ['spec', 'gateways'], gateways),
    ...(index === undefined ? takeOver(canary, plan, weight, live) : correct(canary, plan, weight, { live, index })),
    ...addEntries(live, ['metadata', 'labels'], labels),
    ...(index === undefined ? [] : addEntries(live, ['metadata', 'annotations'], annotations))
  ])
}

/** Gives a VirtualService that was there before the Canary its spec back, where it was kept. */
export function releaseVirtualService(canary: KubeObject, live: KubeObject): readonly Write[] {
  if (isOwned(live, canary)) return []
  const kept = live.metadata.annotations?.[ORIGINAL]
  const spec = kept === undefined ? undefined : parsed(kept)
  return isObject(spec) ? patchOf(RESOURCES.virtualServices, live, setAt(live, ['spec'], spec)) : []
}

const ENTRY_FIELDS = ['match', 'rewrite', 'timeout', 'retries', 'corsPolicy', 'headers'] as const

function correct(
  canary: KubeObject,
  plan: Plan,
  weight: number,
  { live, index }: { readonly live: KubeObject; readonly index: number }
): readonly PatchOperation[] {
  const wanted = entryOf(canary, plan, weight)
  const entry = ['spec', 'http', String(index)]
  const fields = ENTRY_FIELDS.flatMap((field) => setAt(live, [...entry, field], wanted[field]))
  const http = dig(live, 'spec', 'http')
  const now = destinationsOf(Array.isArray(http) ? http[index] : undefined)
  const then = destinationsOf(wanted)
  const sameHosts = now.length === then.length && now.every(({ host }, at) => host === then[at]?.host)
  if (!sameHosts) return [...fields, ...setAt(live, [...entry, 'route'], wanted['route'])]
  return [...fields, ...then.flatMap((to, at) => setAt(live, [...entry, 'route', String(at), 'weight'], to.weight))]
}

// A VirtualService without an entry of ours was the user's: its routes are replaced and kept in Flagger's annotation.
function takeOver(canary: KubeObject, plan: Plan, weight: number, live: KubeObject): readonly PatchOperation[] {
  const kept = live.metadata.annotations?.[ORIGINAL]
  const original = kept === undefined && !isOwned(live, canary) ? { [ORIGINAL]: JSON.stringify(live['spec'] ?? {}) } : {}
  return [
    ...setAt(live, ['spec', 'http'], [entryOf(canary, plan, weight)]),
    ...addEntries(live, ['metadata', 'annotations'], {
      ...texts(dig(canary, 'spec', 'service', 'apex', 'annotations')),
      ...FLUX_OPT_OUTS,
      ...original
    })
  ]
}

function entryOf(canary: KubeObject, plan: Plan, weight: number): Readonly<Record<string, unknown>> {
  const service = dig(canary, 'spec', 'service')
  const fields = ENTRY_FIELDS.map((field) => [field, field === 'rewrite' ? rewriteOf(service) : dig(service, field)] as const)
  return {
    ...Object.fromEntries(fields.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))),
    route: [
      { destination: { host: `${plan.apex}-primary` }, weight: 100 - weight },
      { destination: { host: `${plan.apex}-canary` }, weight }
    ]
  }
}

// `type` of a rewrite belongs to the Gateway API.
function rewriteOf(service: unknown): unknown {
  const rewrite = dig(service, 'rewrite')
  return isObject(rewrite) ? Object.fromEntries(Object.entries(rewrite).filter(([key]) => key !== 'type')) : undefined
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

function listAt(value: unknown, key: string): readonly unknown[] {
  const found = dig(value, key)
  return Array.isArray(found) ? found : []
}

function texts(value: unknown): Record<string, string> {
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
