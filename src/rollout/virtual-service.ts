// Reading a VirtualService as far as a rollout is concerned: which HTTP entries are the rollout's own, what share the canary has, and who
// else is in them.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'

/** The indexes in spec.http of the entries that route to `<apex>-primary` or `<apex>-canary`, in order. */
export function ownEntries(virtualService: KubeObject | undefined, apex: string): readonly number[] {
  return httpOf(virtualService).flatMap((entry, index) => (destinationsOf(entry).some(({ host }) => isOwn(host, apex)) ? [index] : []))
}

/** What the routes of a rollout say: the canary's share in percent, and whether it gets copies. */
export interface LiveRouting {
  readonly canary: number
  readonly mirrored: boolean
}

/** The routing as the VirtualService has it, by the last entry that knows the canary; undefined when none does. */
export function liveRouting(virtualService: KubeObject | undefined, apex: string): LiveRouting | undefined {
  const host = `${apex}-canary`
  const entry = httpOf(virtualService).findLast((each) => destinationsOf(each).some((to) => to.host === host))
  if (entry === undefined) return undefined
  return { canary: destinationsOf(entry).find((to) => to.host === host)?.weight ?? 0, mirrored: dig(entry, 'mirror', 'host') === host }
}

/** Hosts beside the rollout's own in the entries that are its own. */
export function foreignHosts(virtualService: KubeObject | undefined, apex: string): readonly string[] {
  const http = httpOf(virtualService)
  return ownEntries(virtualService, apex).flatMap((index) => foreignIn(http[index], apex))
}

/** Hosts of an entry that are not the rollout's own. */
export function foreignIn(entry: unknown, apex: string): readonly string[] {
  return destinationsOf(entry).flatMap(({ host }) => (isOwn(host, apex) ? [] : [host]))
}

/** spec.http, empty where there is none. */
export function httpOf(virtualService: KubeObject | undefined): readonly unknown[] {
  const http = dig(virtualService, 'spec', 'http')
  return Array.isArray(http) ? http : []
}

/** The destinations of an HTTP entry, in order. */
export function routeOf(entry: unknown): readonly Readonly<Record<string, unknown>>[] {
  const route = dig(entry, 'route')
  return Array.isArray(route) ? route.filter(isObject) : []
}

/** Hosts and weights of an HTTP entry's destinations, in order; an absent weight is 0. */
export function destinationsOf(entry: unknown): readonly { readonly host: string; readonly weight: number }[] {
  return routeOf(entry).map((item) => {
    const weight = item['weight']
    return { host: String(dig(item, 'destination', 'host')), weight: typeof weight === 'number' ? weight : 0 }
  })
}

function isOwn(host: string, apex: string): boolean {
  return host === `${apex}-primary` || host === `${apex}-canary`
}
