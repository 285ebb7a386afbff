// Changes by others, of routes above all, tick by tick: what is put right and told, and what is left for now because somebody answers each time.

import type { KubeObject } from '../api/object.ts'
import { liveShare } from '../rollout/baseline.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { type Contest, judgeContest, type Verdict } from '../rollout/contest.ts'
import { type Drift, driftAdvice, driftOf, driftText } from '../rollout/drift.ts'
import { type Finding, findingOf } from '../rollout/situation.ts'
import { render } from '../rollout/render.ts'
import { routingOf } from '../rollout/stages.ts'
import type { RolloutState } from '../rollout/state.ts'
import { type Announcement, event, held, type Step, type Tick } from '../rollout/tick.ts'
import { changedByOthers, madeAgain } from '../rollout/upkeep.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES, type Write } from '../objects/write.ts'
import type { Millis } from '../std/clock.ts'
import { sameJson } from '../std/json.ts'

/** What a tick finds, with what others did to the routes. */
export interface Contended {
  readonly cluster: ClusterView
  readonly finding: Finding
  readonly drift: Drift | undefined
  readonly verdict: Verdict
  /** What was known before. */
  readonly before: Contest
}

/** A step and its writes as others' changes allow, and what to remember of those. */
export interface Heeded {
  readonly step: Step
  readonly writes: readonly Write[]
  readonly contest: Contest
  /** What others changed. */
  readonly drifts: readonly Drift[]
}

/** The finding of a tick. Where the routes are contested it is of a cluster that says so. */
export function findContended(canary: KubeObject, state: RolloutState, cluster: ClusterView, contest: Contest): Contended {
  const finding = findingOf(canary, state, cluster)
  const { plan } = finding
  const wanted = routingOf(plan, finding.state)
  const baseline = wanted.kind === 'weights' ? liveShare(plan, wanted.canary, cluster) : 0
  const drift = driftOf({ canary, plan, state: finding.state, live: cluster.virtualService, baseline })
  const live = liveRouting(cluster.virtualService, plan.apex, plan.rules)
  const urgent = wanted.kind === 'weights' && wanted.canary === 0 && live !== undefined && (live.canary > 0 || live.mirrored)
  const drifted = drift !== undefined && drift.whose !== 'ours' ? 'by others' : 'no'
  const verdict = judgeContest(contest, { drifted, urgent, interval: plan.interval, now: cluster.now })
  if (!verdict.contest.contested) return { cluster, finding, drift, verdict, before: contest }
  const told = drift === undefined ? `virtualservice ${plan.apex}.${plan.namespace} was put back time and again` : contestText(drift)
  const contested: ClusterView = { ...cluster, contested: told }
  return { cluster: contested, finding: findingOf(canary, state, contested), drift, verdict, before: contest }
}

/** True when others lead requests where they must not go, and that is to be put right now. */
export function mustMend({ drift, verdict }: Contended): boolean {
  return drift !== undefined && drift.whose !== 'ours' && verdict.kind === 'correct'
}

/** The step that puts routes right before anything is asked, as answers may take their time; undefined where there is nothing to put right, or to ask. */
export function mendRoutes(tick: Tick, contended: Contended): Step | undefined {
  if (tick.questions.length === 0 || !mustMend(contended)) return undefined
  const { plan, state } = tick.finding
  const step: Step = { ...held(tick, [], 'none'), wake: 0, routing: routingOf(plan, state) }
  return render(tick.canary, step, tick.cluster).some(isRoutes) ? step : undefined
}

/** The step and its writes, with what there is to tell of a drift that they put right, and without what is left for now. */
export function heedDrift(contended: Contended, step: Step, writes: readonly Write[]): Heeded {
  const { drift } = contended
  const upkeep = { plan: contended.finding.plan, state: contended.finding.state, cluster: contended.cluster, writes }
  const drifts = changedByOthers(upkeep)
  const routed = heedRoutes(contended, step, writes)
  const { told, others } = tellOthers(contended, routed.contest.others ?? {}, { drifts, missing: madeAgain(upkeep) })
  return {
    ...routed,
    step: { ...routed.step, announcements: [...told, ...routed.step.announcements] },
    contest: { ...routed.contest, others },
    drifts: drift === undefined ? drifts : [drift, ...drifts]
  }
}

// Once an interval for each object: an agent may bring its change back every few seconds.
function tellOthers(
  { cluster: { now }, finding: { plan, state } }: Contended,
  before: Readonly<Record<string, Millis>>,
  { drifts, missing }: { readonly drifts: readonly Drift[]; readonly missing: readonly string[] }
): { readonly told: readonly Announcement[]; readonly others: Readonly<Record<string, Millis>> } {
  const recent = Object.fromEntries(Object.entries(before).filter(([, at]) => now - at < plan.interval))
  const found = [
    ...drifts.map((drift) => [drift.object, `${driftText(drift)}: put right; ${driftAdvice(drift)}`] as const),
    ...missing.map((object) => [object, `${object} was not there: it is made anew`] as const)
  ].filter(([object]) => recent[object] === undefined)
  return {
    told: found.map(([, message]) => event('Warning', message, state.phase)),
    others: { ...recent, ...Object.fromEntries(found.map(([object]) => [object, now])) }
  }
}

function heedRoutes(contended: Contended, step: Step, writes: readonly Write[]): Omit<Heeded, 'drifts'> {
  const { finding, drift, verdict, before } = contended
  const { contest } = verdict
  if (drift === undefined) return { step, writes, contest }
  // What is not acted on is not put right either.
  if (!writes.some(isRoutes)) return { step, writes, contest: before }
  const { told, remembered } = tellOf(contended, drift)
  const heard: Step = { ...step, announcements: [...told, ...step.announcements] }
  const moves = !sameJson(step.routing, routingOf(finding.plan, finding.state))
  if (verdict.kind !== 'withhold' || moves) return { step: heard, writes, contest: remembered }
  const left = writes.filter((write) => !isRoutes(write))
  return { step: { ...heard, wake: Math.min(step.wake, verdict.wake) }, writes: left, contest: remembered }
}

// A contest is told once an interval: by what the finding concludes, or here where there is nothing to conclude.
function tellOf(
  { cluster: { now }, finding: { plan, state, situation }, verdict: { contest } }: Contended,
  drift: Drift
): { readonly told: readonly Announcement[]; readonly remembered: Contest } {
  if (!contest.contested) {
    const ours = drift.whose === 'ours'
    const message = `${driftText(drift)}: put right${ours ? '' : `; ${driftAdvice(drift)}`}`
    return { told: [event(ours ? 'Normal' : 'Warning', message, state.phase)], remembered: contest }
  }
  if (situation.kind === 'contested' || now - (contest.told ?? -Infinity) < plan.interval) return { told: [], remembered: contest }
  return { told: [event('Warning', contestText(drift), state.phase)], remembered: { ...contest, told: now } }
}

function isRoutes({ resource, verb }: Write): boolean {
  return verb === 'patch' && resource.resource === RESOURCES.virtualServices.resource
}

function contestText(drift: Drift): string {
  return `${driftText(drift)}, each time that it is put right: ${driftAdvice(drift)}`
}
