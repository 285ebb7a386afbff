// The entries that a rollout wants in its VirtualService (flagger.md 3.3, 3.4), in their order: for requests, or for connections.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject, listAt } from '../std/json.ts'
import { type Cookies, endingEntries, stickyEntries } from '../canary/affinity.ts'
import type { Plan } from '../canary/plan.ts'
import type { Routing } from './virtual-service.ts'

/** An entry of spec.http or spec.tcp; destinations are the primary, the canary and a baseline, in this order, or the primary alone. */
export type Entry = Readonly<Record<string, unknown>>

/** What the entries are made from. */
export interface Traffic {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly routing: Routing
  readonly cookies: Cookies
  /** The share of a fresh copy of stable, percent of all requests; absent: none. */
  readonly baseline?: number
  /** What is left beside the routes to know them by (routing-mark.ts). */
  readonly mark?: string | undefined
}

/** Fields of an entry that follow from the Canary; what else a live entry has is others'. */
export const ENTRY_FIELDS = {
  http: ['match', 'rewrite', 'timeout', 'retries', 'corsPolicy', 'headers', 'mirror', 'mirrorPercentage'],
  tcp: ['match']
} as const

/** The entries, one to three: for callers with cookies, for those that match, and for all. */
export function entriesOf({ canary, plan, routing, cookies, baseline = 0 }: Traffic): readonly Entry[] {
  const service = dig(canary, 'spec', 'service')
  const fields = fieldsOf(service)
  const share = routing.kind === 'weights' ? routing.canary : 0
  const [toPrimary, toCanary] = [
    destination(service, `${plan.apex}-primary`, 100 - share - baseline),
    destination(service, `${plan.apex}-canary`, share)
  ]
  if (plan.rules === 'tcp') return [{ ...portMatch(service), route: [toPrimary, toCanary] }]
  const toBaseline = baseline === 0 ? [] : [destination(service, `${plan.apex}-baseline`, baseline)]
  const entry = { ...fields, ...copies(plan, routing), route: [toPrimary, toCanary, ...toBaseline] }
  const insiders = listAt(canary, 'spec', 'analysis', 'match')
  if (insiders.length > 0) {
    // A single destination gets everything, whatever its weight; Flagger writes the primary's (flagger-observed.md, facts 12 and 13).
    return [
      { ...entry, match: merged(listAt(service, 'match'), insiders) },
      { ...fields, route: [toPrimary] }
    ]
  }
  const { affinity, interval } = plan
  if (affinity === undefined) return [entry]
  return share > 0 ? stickyEntries(entry, { affinity, cookies, interval }) : endingEntries(entry, cookies)
}

// Of the Service's matches only the ports mean something for connections, and one without a port takes all of them.
function portMatch(service: unknown): Entry {
  const match = listAt(service, 'match').map((each) => {
    const port = dig(each, 'port')
    return port === undefined ? {} : { port }
  })
  return match.length === 0 ? {} : { match }
}

function fieldsOf(service: unknown): Entry {
  const fields = ['match', 'rewrite', 'timeout', 'retries', 'corsPolicy', 'headers'].map(
    (field) => [field, field === 'rewrite' ? rewriteOf(service) : dig(service, field)] as const
  )
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)))
}

// `type` of a rewrite belongs to the Gateway API.
function rewriteOf(service: unknown): unknown {
  const rewrite = dig(service, 'rewrite')
  return isObject(rewrite) ? Object.fromEntries(Object.entries(rewrite).filter(([key]) => key !== 'type')) : undefined
}

// With discovered ports a Service has several; which one is meant is said where callers do not name it themselves (flagger.md 3.3).
function destination(service: unknown, host: string, weight: number): Entry {
  const [first, port] = [listAt(service, 'gateways')[0], dig(service, 'port')]
  const named = dig(service, 'portDiscovery') === true && ((first !== undefined && first !== 'mesh') || dig(service, 'delegation') === true)
  return { destination: { host, ...(named ? { port: { number: port } } : {}) }, weight }
}

function copies(plan: Plan, routing: Routing): Entry {
  if (routing.kind !== 'mirror') return {}
  const { percent } = routing
  return { mirror: { host: `${plan.apex}-canary` }, ...(percent === undefined ? {} : { mirrorPercentage: { value: percent } }) }
}

// Every match of the Service with every one of the analysis, whose headers and source labels take the place of the former's.
function merged(base: readonly unknown[], insiders: readonly unknown[]): readonly unknown[] {
  if (base.length === 0) return insiders
  return base.flatMap((match) =>
    insiders.map((insider) => {
      const [headers, sourceLabels, queryParams] = ['headers', 'sourceLabels', 'queryParams'].map((key) => dig(insider, key))
      return {
        ...(isObject(match) ? match : {}),
        ...(headers === undefined ? {} : { headers }),
        ...(sourceLabels === undefined ? {} : { sourceLabels }),
        // Flagger loses these (flagger.md 1.12).
        ...(queryParams === undefined ? {} : { queryParams })
      }
    })
  )
}
