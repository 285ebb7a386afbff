// Reading a VirtualService as far as a rollout is concerned: which entries of its rules are the rollout's own, what share the canary has, and who
// else is in them.

import type { Rules } from '../canary/plan.ts'
import type { KubeObject } from '../api/object.ts'
import { dig, isObject, listAt } from '../std/json.ts'
import { ROUTING_ANNOTATION } from './routing-mark.ts'

/** Where requests go: by weight, the canary's share in percent, or all to the primary with copies for the canary. */
export type Routing =
  | { readonly kind: 'weights'; readonly canary: number }
  | { readonly kind: 'mirror'; readonly percent: number | undefined }

/** The indexes in spec.http (or spec.tcp) of the entries that route to `<apex>-primary` or `<apex>-canary`, in order. */
export function ownEntries(virtualService: KubeObject | undefined, apex: string, rules: Rules = 'http'): readonly number[] {
  return rulesOf(virtualService, rules).flatMap((entry, index) =>
    destinationsOf(entry).some(({ host }) => isOwn(host, apex)) ? [index] : []
  )
}

/** What the routes of a rollout say: the canary's share in percent, whether it gets copies, and the mark of what the rollout wrote last. */
export interface LiveRouting {
  readonly canary: number
  readonly mirrored: boolean
  readonly mark: string | undefined
}

/** The routing as the VirtualService has it, by the last entry that knows the canary; undefined when none does. */
export function liveRouting(virtualService: KubeObject | undefined, apex: string, rules: Rules = 'http'): LiveRouting | undefined {
  const host = `${apex}-canary`
  const entry = rulesOf(virtualService, rules).findLast((each) => destinationsOf(each).some((to) => to.host === host))
  if (entry === undefined) return undefined
  return {
    canary: destinationsOf(entry).find((to) => to.host === host)?.weight ?? 0,
    mirrored: dig(entry, 'mirror', 'host') === host,
    mark: virtualService?.metadata.annotations?.[ROUTING_ANNOTATION]
  }
}

/** Hosts beside the rollout's own in the entries that are its own. */
export function foreignHosts(virtualService: KubeObject | undefined, apex: string, rules: Rules = 'http'): readonly string[] {
  const entries = rulesOf(virtualService, rules)
  return ownEntries(virtualService, apex, rules).flatMap((index) => foreignIn(entries[index], apex))
}

/** Hosts of an entry that are not the rollout's own. */
export function foreignIn(entry: unknown, apex: string): readonly string[] {
  return destinationsOf(entry).flatMap(({ host }) => (isOwn(host, apex) || host === `${apex}-baseline` ? [] : [host]))
}

/** spec.http, or spec.tcp; empty where there is none. */
export function rulesOf(virtualService: KubeObject | undefined, rules: Rules): readonly unknown[] {
  return listAt(virtualService, 'spec', rules)
}

/** The destinations of an entry, in order. */
export function routeOf(entry: unknown): readonly Readonly<Record<string, unknown>>[] {
  return listAt(entry, 'route').filter(isObject)
}

/** Hosts and weights of an entry's destinations, in order; an absent weight is 0. */
export function destinationsOf(entry: unknown): readonly { readonly host: string; readonly weight: number }[] {
  return routeOf(entry).map((item) => {
    const weight = item['weight']
    return { host: String(dig(item, 'destination', 'host')), weight: typeof weight === 'number' ? weight : 0 }
  })
}

function isOwn(host: string, apex: string): boolean {
  return host === `${apex}-primary` || host === `${apex}-canary`
}
