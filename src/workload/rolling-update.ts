// The arithmetic of a rolling update: how many pods each ReplicaSet of a Deployment should want next. Numbers in, numbers out.

import type { Deployment } from '../api/builtin-types-apps.ts'

/** How far a rolling update may go above and below the wanted count, in pods. */
export interface Bounds {
  readonly surge: number
  readonly unavailable: number
}

/**
 * maxSurge rounded up and maxUnavailable rounded down from percentages of `replicas` (defaults 25 %); when both come to 0,
 * one pod may be unavailable; never more than `replicas`. Kubernetes' ResolveFenceposts.
 */
export function boundsOf(deployment: Deployment): Bounds {
  const replicas = deployment.spec.replicas ?? 1
  if (deployment.spec.strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 }
  // null where a patch took the settings away
  const settings = deployment.spec.strategy?.rollingUpdate ?? {}
  const surge = share(settings.maxSurge ?? '25%', replicas, Math.ceil)
  const unavailable = share(settings.maxUnavailable ?? '25%', replicas, Math.floor)
  return { surge, unavailable: Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable) }
}

function share(value: number | string, of: number, round: (value: number) => number): number {
  if (typeof value === 'number') return Math.max(0, value)
  const percent = Number(value.replace(/%$/, ''))
  return Number.isFinite(percent) ? Math.max(0, round((percent * of) / 100)) : 0
}

/** A ReplicaSet as the arithmetic sees it: what it wants, what it has of available pods. */
export interface Size {
  readonly wanted: number
  readonly available: number
}

/** What the new ReplicaSet should want, never above `replicas` + surge in all. `all` holds the new one too. */
export function nextNewSize(current: number, all: readonly Size[], replicas: number, bounds: Bounds): number {
  if (current >= replicas) return replicas
  const room = replicas + bounds.surge - total(all)
  return room <= 0 ? current : current + Math.min(room, replicas - current)
}

/**
 * What the old ReplicaSets (oldest first) should want, keeping replicas - unavailable pods available: first those that have
 * unhealthy pods lose them, then the oldest shrink.
 */
export function nextOldSizes(olds: readonly Size[], fresh: Size, replicas: number, bounds: Bounds): number[] {
  const minAvailable = replicas - bounds.unavailable
  const all = [...olds, fresh]
  const newUnavailable = fresh.wanted - fresh.available
  const mayGo = total(all) - minAvailable - newUnavailable
  const sizes = olds.map((old) => old.wanted)
  if (mayGo <= 0) return sizes
  let left = mayGo
  for (const [at, old] of olds.entries()) {
    const unhealthy = Math.min(left, Math.max(0, old.wanted - old.available))
    sizes[at] = old.wanted - unhealthy
    left -= unhealthy
  }
  let spare = all.reduce((sum, each) => sum + each.available, 0) - minAvailable
  for (const [at, size] of sizes.entries()) {
    const gone = Math.max(0, Math.min(size, spare))
    sizes[at] = size - gone
    spare -= gone
  }
  return sizes
}

/** A ReplicaSet in the middle of a rollout whose Deployment was scaled. `annotated` is the limit it was last sized for. */
export interface Scalable {
  readonly wanted: number
  readonly annotated: number | undefined
}

/**
 * Spreads a change of `replicas` over ReplicaSets in proportion to their sizes, what rounding leaves going to the first.
 * Order: largest first, then the newer when growing, the older when shrinking. Kubernetes' proportional scaling.
 */
export function proportional(sets: readonly Scalable[], replicas: number, surge: number): number[] {
  const allowed = replicas > 0 ? replicas + surge : 0
  const sum = sets.reduce((all, each) => all + each.wanted, 0)
  const change = allowed - sum
  let done = 0
  const sizes = sets.map((set) => {
    if (change === 0 || set.wanted === 0) return set.wanted
    const part = fraction(set, replicas, allowed)
    const step = change > 0 ? Math.min(part, change - done) : Math.max(part, change - done)
    done += step
    return Math.max(0, set.wanted + step)
  })
  if (sizes[0] !== undefined) sizes[0] = Math.max(0, sizes[0] + change - done)
  return sizes
}

function fraction(set: Scalable, replicas: number, allowed: number): number {
  if (replicas === 0) return -set.wanted
  const base = set.annotated === undefined || set.annotated === 0 ? allowed : set.annotated
  return Math.round((set.wanted * allowed) / base) - set.wanted
}

function total(sizes: readonly Size[]): number {
  return sizes.reduce((sum, each) => sum + each.wanted, 0)
}
