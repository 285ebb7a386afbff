// Which findings are news: one that lasts for a while is told once, again when its sentence changes, and once more when it is gone. What
// comes and goes while several files are applied is not told. Pure: the caller keeps the ledger and looks again when told to.

import type { ObjectProblem } from '../route/catalogue.ts'
import type { Millis } from '../std/clock.ts'

/** What is known of one finding: what it says now (undefined: gone), since when, and what was last told of it. */
export interface Known {
  readonly problem: ObjectProblem
  readonly says: string | undefined
  readonly since: Millis
  readonly told: string | undefined
}

/** Findings by object, code and place. */
export type Ledger = ReadonlyMap<string, Known>

/** What to tell now, and after how long to look again at the latest. */
export interface Settled {
  readonly ledger: Ledger
  readonly appeared: readonly ObjectProblem[]
  readonly resolved: readonly ObjectProblem[]
  readonly wake: Millis | undefined
}

/** How long a finding lasts before it is told. */
export const LASTS: Millis = 1000
/** The same where it depends on pods, which come and go while they start. */
export const LASTS_WITH_PODS: Millis = 3000

const OF_PODS = new Set(['subset-no-pods', 'subset-not-ready'])

/** The ledger after a look at `now`. Findings of objects that are not `alive` any more are forgotten without a word. */
export function settle(ledger: Ledger, problems: readonly ObjectProblem[], now: Millis, alive: (of: ObjectProblem) => boolean): Settled {
  const next = new Map<string, Known>()
  const news: Known[] = []
  const waits: Millis[] = []
  for (const [key, known] of merge(ledger, keyed(problems), now)) {
    if (!alive(known.problem)) continue
    const wait = waitFor(known, now)
    if (wait > 0) waits.push(wait)
    const ripe = known.says !== known.told && wait <= 0
    if (ripe) news.push(known)
    const after = ripe ? { ...known, told: known.says } : known
    if (after.says !== undefined || after.told !== undefined) next.set(key, after)
  }
  return {
    ledger: next,
    appeared: news.filter(({ says }) => says !== undefined).map(({ problem }) => problem),
    resolved: news.filter(({ says }) => says === undefined).map(({ problem }) => problem),
    wake: waits.length === 0 ? undefined : Math.min(...waits)
  }
}

/** How long until what it says may be told; 0 when it is old enough, or was told. */
function waitFor({ problem, says, since, told }: Known, now: Millis): Millis {
  const lasts = OF_PODS.has(problem.code) ? LASTS_WITH_PODS : LASTS
  return says === told ? 0 : Math.max(0, lasts - (now - since))
}

/** Keys of findings: the same place twice gets a number. */
export function keyed(problems: readonly ObjectProblem[]): Map<string, ObjectProblem> {
  const found = new Map<string, ObjectProblem>()
  for (const each of problems) {
    const base = [each.object.kind, each.object.namespace, each.object.name, each.code, each.path].join(' ')
    let key = base
    for (let count = 2; found.has(key); count += 1) key = `${base} ${count}`
    found.set(key, each)
  }
  return found
}

function merge(ledger: Ledger, found: ReadonlyMap<string, ObjectProblem>, now: Millis): Map<string, Known> {
  const all = new Map<string, Known>()
  for (const [key, known] of ledger) {
    if (found.has(key)) continue
    all.set(key, known.says === undefined ? known : { ...known, says: undefined, since: now })
  }
  for (const [key, problem] of found) {
    const known = ledger.get(key)
    const since = known?.says === problem.message ? known.since : now
    all.set(key, { problem, says: problem.message, since, told: known?.told })
  }
  return all
}
