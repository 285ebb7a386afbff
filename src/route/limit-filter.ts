// Local rate limits at the time of a request (istio.md 4.2): which limits it meets, whether one refuses it, and what they write on request and
// answer. Which buckets there are is rate-limit.ts's; state is the caller's.

import type { Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { HeaderEdits } from './decision.ts'
import { ownAnswer } from './fault.ts'
import type { OwnAnswer } from './fault.ts'
import type { HeaderAddition, LimitId, LimitOverrides, LimitUse, LocalLimit, PlacedLimit } from './local-limit.ts'
import { descriptorsOf, prepareRule } from './rate-descriptors.ts'
import type { LimitedRequest, PreparedRule } from './rate-descriptors.ts'
import { limiterOf, remaining, take } from './rate-limit.ts'
import type { BucketState, Limiter } from './rate-limit.ts'

/** What the route and its host say, made ready: the route's limits go before the host's. */
export interface PreparedOverrides {
  readonly limits: Readonly<Record<string, LimitUse>>
  readonly route: readonly PreparedRule[]
  readonly host: readonly PreparedRule[]
  readonly includesHost: boolean
}

/** Makes ready what a host and one of its routes say; undefined when neither says anything. */
export function prepareOverrides(host: LimitOverrides | undefined, route: LimitOverrides | undefined): PreparedOverrides | undefined {
  if (host === undefined && route === undefined) return undefined
  return {
    limits: { ...host?.limits, ...route?.limits },
    route: (route?.rules ?? []).map(prepareRule),
    host: (host?.rules ?? []).map(prepareRule),
    includesHost: route?.includesHost ?? false
  }
}

interface InUse {
  readonly limiter: Limiter
  readonly rules: readonly PreparedRule[]
}

/** The limiters of one proxy, or of one connection, by bucket. */
export type Limiters = Map<string, InUse>

/** What limits count, below `<prefix>.http_local_rate_limit.`. */
export type LimitStat = 'enabled' | 'enforced' | 'ok' | 'rate_limited'

/** A request at the limits of a proxy. */
export interface Asking {
  readonly filters: readonly PlacedLimit[]
  readonly overrides: PreparedOverrides | undefined
  readonly request: LimitedRequest
  readonly limits: ReadonlyMap<LimitId, LocalLimit>
  /** The limiters for a limit: those of the connection or those of the proxy. */
  readonly limitersFor: (limit: LocalLimit) => Limiters
  readonly count: (statPrefix: string, stat: LimitStat) => void
  readonly workers: number
  readonly now: Millis
  readonly draw: Draw
}

/** What the limits say of a request. */
export interface LimitVerdict {
  /** The limit that refuses it and where that stands. */
  readonly refusedBy: { readonly limit: LocalLimit; readonly place: PlacedLimit['place'] } | undefined
  /** Written on the request: it is over a limit that does not refuse it. */
  readonly request: readonly HeaderAddition[]
  /** Written on the answer, whoever gives it. */
  readonly response: readonly HeaderAddition[]
}

/** No limit has anything to say. */
export const UNLIMITED: LimitVerdict = { refusedBy: undefined, request: [], response: [] }

/** Asks the limits in their order until one refuses. */
export function askLimits(asking: Asking): LimitVerdict {
  const request: HeaderAddition[] = []
  const response: HeaderAddition[] = []
  for (const placed of asking.filters) {
    const use = asking.overrides?.limits[placed.name] ?? placed
    const limit = asking.limits.get(use.limit)
    if (limit === undefined || !isDrawn(limit.enabled, asking.draw)) continue
    asking.count(limit.statPrefix, 'enabled')
    const { limiter, rules } = inUse(asking, limit, use)
    const passage = take(limiter, descriptorsFor(asking, limit, rules), asking.now)
    if (limit.announced && passage.bucket !== undefined) response.push(...announcement(passage.bucket, asking.now))
    asking.count(limit.statPrefix, passage.allowed ? 'ok' : 'rate_limited')
    if (passage.allowed) continue
    if (isDrawn(limit.enforced, asking.draw)) {
      asking.count(limit.statPrefix, 'enforced')
      return { refusedBy: { limit, place: placed.place }, request, response: [...limit.response, ...response] }
    }
    request.push(...limit.request)
  }
  return request.length + response.length === 0 ? UNLIMITED : { refusedBy: undefined, request, response }
}

function isDrawn(share: number, draw: Draw): boolean {
  return share >= 1 || (share > 0 && draw() < share)
}

/** A limit that was changed starts with full buckets. */
function inUse({ limitersFor, workers, now }: Asking, limit: LocalLimit, use: LimitUse): InUse {
  const limiters = limitersFor(limit)
  const key = `${use.limit} ${use.bucket}`
  const known = limiters.get(key)
  if (known?.limiter.limit === limit) return known
  const fresh = { limiter: limiterOf(limit, now, workers), rules: limit.rules.map(prepareRule) }
  limiters.set(key, fresh)
  return fresh
}

function descriptorsFor({ overrides, request }: Asking, limit: LocalLimit, own: readonly PreparedRule[]): ReturnType<typeof descriptorsOf> {
  if (limit.descriptors.length === 0) return []
  if (own.length > 0) return descriptorsOf(own, 0, request)
  if (overrides === undefined) return []
  const { route, host, includesHost } = overrides
  const rules = includesHost || limit.hostRules === 'include' ? 'include' : limit.hostRules
  const hosts = rules === 'include' || (rules === 'override' && route.length === 0) ? host : []
  return [...descriptorsOf(route, limit.stage, request), ...descriptorsOf(hosts, limit.stage, request)]
}

function announcement(bucket: BucketState, now: Millis): HeaderAddition[] {
  const { tokens, reset } = remaining(bucket, now)
  const line = (name: string, value: number): HeaderAddition => ({ name: `x-ratelimit-${name}`, value: String(value), action: 'append' })
  return [line('limit', bucket.limit), line('remaining', tokens), line('reset', reset)]
}

/** The answer to a refused request, as its client expects it. */
export function refusal(limit: LocalLimit, request: LimitedRequest): OwnAnswer {
  return ownAnswer(request.facts, { status: limit.status, body: 'local_rate_limited', grpc: limit.grpcStatus })
}

/** The edits with additions after them; `has` tells which names the message has before any edit. */
export function withAdditions(
  edits: HeaderEdits | undefined,
  additions: readonly HeaderAddition[],
  has: (name: string) => boolean
): HeaderEdits | undefined {
  if (additions.length === 0) return edits
  const { set, add } = reduced(additions, (name) => isThere(edits, name, has))
  if (edits === undefined) return { set, add, remove: [] }
  if (edits.stages !== undefined) {
    const literal = ([name, value]: Line): readonly [string, readonly string[]] => [name, [value]]
    return { ...edits, stages: [...edits.stages, { remove: [], set: set.map(literal), add: add.map(literal) }] }
  }
  const kept = (lines: readonly Line[]): Line[] => lines.filter(([name]) => !set.some(([other]) => other === name))
  return { ...edits, set: [...kept(edits.set), ...set], add: [...kept(edits.add), ...add] }
}

type Line = readonly [name: string, value: string]

/** The additions as one overwrite and then appended lines of each name. */
function reduced(additions: readonly HeaderAddition[], isThere: (name: string) => boolean): { readonly set: Line[]; readonly add: Line[] } {
  const set = new Map<string, string>()
  let add: Line[] = []
  for (const { name, value, action } of additions) {
    const there = set.has(name) || add.some(([other]) => other === name) || isThere(name)
    if (action === 'append' || (action === 'add-if-absent' && !there)) add.push([name, value])
    if (action !== 'overwrite' && (action !== 'overwrite-if-exists' || !there)) continue
    set.set(name, value)
    add = add.filter(([other]) => other !== name)
  }
  return { set: [...set], add }
}

function isThere(edits: HeaderEdits | undefined, name: string, has: (name: string) => boolean): boolean {
  if (edits === undefined) return has(name)
  const written = [...edits.set, ...edits.add, ...(edits.stages ?? []).flatMap((stage) => [...stage.set, ...stage.add])]
  if (written.some(([other]) => other === name)) return true
  const removed = [...edits.remove, ...(edits.stages ?? []).flatMap((stage) => stage.remove)]
  return has(name) && !removed.includes(name)
}
