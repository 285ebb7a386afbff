// Reading a VirtualService as far as a rollout is concerned: which HTTP entry is the rollout's own and what share the canary has.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'

/** The index in spec.http of the entry that routes to `<apex>-primary` or `<apex>-canary`; undefined when there is none. */
export function ownEntry(virtualService: KubeObject | undefined, apex: string): number | undefined {
  const http = dig(virtualService, 'spec', 'http')
  if (!Array.isArray(http)) return undefined
  const index = http.findLastIndex((entry) => destinationsOf(entry).some(({ host }) => host === `${apex}-canary`))
  return index < 0 ? undefined : index
}

/** The canary's share in percent as the VirtualService has it; undefined when no entry is the rollout's. */
export function liveWeight(virtualService: KubeObject | undefined, apex: string): number | undefined {
  const index = ownEntry(virtualService, apex)
  if (index === undefined) return undefined
  const http = dig(virtualService, 'spec', 'http')
  const entry: unknown = Array.isArray(http) ? http[index] : undefined
  return destinationsOf(entry).find(({ host }) => host === `${apex}-canary`)?.weight
}

/** Hosts and weights of an HTTP entry's destinations, in order; an absent weight is 0. */
export function destinationsOf(entry: unknown): readonly { readonly host: string; readonly weight: number }[] {
  const route = dig(entry, 'route')
  if (!Array.isArray(route)) return []
  return route.filter(isObject).map((item) => {
    const weight = item['weight']
    return { host: String(dig(item, 'destination', 'host')), weight: typeof weight === 'number' ? weight : 0 }
  })
}
