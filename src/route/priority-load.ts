// How much of a cluster's traffic each priority takes, and which of them panic (envoy.md 4.1, istio.md 2.7). Whole percents, rounded as
// Envoy rounds them.

/** Endpoints of one priority. */
export interface PriorityHealth {
  readonly total: number
  readonly healthy: number
}

/** Percents by priority, 100 together; a priority that panics uses all of its endpoints. */
export interface PriorityLoad {
  readonly load: readonly number[]
  /** What each could take, in percent. */
  readonly health: readonly number[]
  readonly panic: readonly boolean[]
}

/** A priority counts as whole while 1 of 1.4 of its endpoints is healthy. */
const OVERPROVISIONING = 140

/**
 * Loads from the first priority down: each takes as much as its health (1.4 times its healthy share, at most 100) until all is given.
 * Priorities below `panicPercent` panic, unless all healths together reach 100; when all panic, endpoints are counted whatever their health.
 * Without any healthy endpoint and with panic off everything goes to the first, which answers 503.
 */
export function priorityLoad(priorities: readonly PriorityHealth[], panicPercent: number): PriorityLoad {
  const health = priorities.map(({ total, healthy }) => (total === 0 ? 0 : Math.min(100, Math.floor((OVERPROVISIONING * healthy) / total))))
  const available = Math.min(
    100,
    health.reduce((sum, each) => sum + each, 0)
  )
  if (available === 0 && panicPercent <= 0)
    return { load: priorities.map((_, at) => (at === 0 ? 100 : 0)), health, panic: priorities.map(() => false) }
  const panic = priorities.map((each) => available < 100 && healthyPercent(each) < panicPercent)
  return { load: panic.every(Boolean) ? loadByCount(priorities) : loadByHealth(health, available), health, panic }
}

/** The loads when some priorities are left out; undefined when no other can take anything. */
export function loadWithout(health: readonly number[], excluded: ReadonlySet<number>): readonly number[] | undefined {
  const left = health.map((each, at) => (excluded.has(at) ? 0 : each))
  const sum = left.reduce((total, each) => total + each, 0)
  return sum === 0 ? undefined : loadByHealth(left, Math.min(100, sum))
}

function healthyPercent({ total, healthy }: PriorityHealth): number {
  return total === 0 ? 0 : (100 * healthy) / total
}

function loadByHealth(health: readonly number[], available: number): number[] {
  let left = 100
  const load = health.map((each) => {
    const taken = Math.min(left, available === 0 ? 0 : Math.floor((each * 100) / available))
    left -= taken
    return taken
  })
  return addToFirst(
    load,
    left,
    health.map((each) => each > 0)
  )
}

function loadByCount(priorities: readonly PriorityHealth[]): number[] {
  const all = priorities.reduce((sum, { total }) => sum + total, 0)
  const load = priorities.map(({ total }) => (all === 0 ? 0 : Math.floor((100 * total) / all)))
  const given = load.reduce((sum, each) => sum + each, 0)
  return addToFirst(
    load,
    100 - given,
    priorities.map(({ total }) => total > 0)
  )
}

/** What rounding left over goes to the first that can take it; to the first of all when none can. */
function addToFirst(load: number[], left: number, able: readonly boolean[]): number[] {
  const at = Math.max(0, able.indexOf(true))
  if (at < load.length) load[at] = (load[at] ?? 0) + left
  return load
}

/** The priority of a draw in [0, 100). */
export function priorityOf(load: readonly number[], draw: number): number {
  let left = draw
  for (const [at, share] of load.entries()) {
    if (left < share) return at
    left -= share
  }
  return 0
}
