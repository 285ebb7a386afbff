// A rehearsal: what would become of a release under this Canary, over many simulated rollouts, beside Flagger's own checks and Argo's (those
// of a Rollout of the same workload, or a sample) on the same service; and how often a good release would be rolled back for nothing. Pure: the same seed gives the same result.

import type { KubeObject } from '../api/object.ts'
import type { ArgoReading } from '../convert/argo-plan.ts'
import { historyOf } from '../gate/history.ts'
import { counts } from '../gate/served.ts'
import type { GateConfig } from '../canary/gate-options.ts'
import { gateRequestOf } from '../canary/gate-request.ts'
import { autoLadder, isComparable, PACE, paceOf } from '../canary/pace.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { ladderOf, type WeakCheck, weakChecksOf } from '../canary/weak-checks.ts'
import { seeded } from '../std/draw.ts'
import { dig, listAt } from '../std/json.ts'
import { ARGO_SAMPLE, ArgoLeader } from './argo-leader.ts'
import { FlaggerLeader } from './flagger-leader.ts'
import type { Leader, Run } from './lead.ts'
import { manyRuns, type Outcomes, outcomesOf, type Scenario, seedOf } from './outcomes.ts'
import { slicesFor } from './past.ts'
import { type Rehearsed, rehearsedOf } from './rehearsed.ts'
import { prepared, SerinLeader } from './serin-leader.ts'
import { GOOD, type Regression } from './regression.ts'
import type { Disturbance, Service } from './service.ts'
import { type Story, storyOf } from './story.ts'
import { type Change, changed } from './what-if.ts'

/** The Rollout of the Canary's workload or Service, as far as it can be played. */
export type ArgoSide = ArgoReading & {
  /** `namespace/name`. */
  readonly rollout: string
}

/** What is asked. */
export interface Question {
  readonly canary: KubeObject
  /** Its target and the ConfigMap of its options, where the files have them. */
  readonly target: KubeObject | undefined
  readonly config: GateConfig | undefined
  /** Queries of the MetricTemplates that the files have, by `namespace/name`. */
  readonly templates: ReadonlyMap<string, string>
  /** undefined: the files have no Rollout for it, and a sample is played. */
  readonly argo: ArgoSide | undefined
  /** The Rollout, `namespace/name`, that the Canary was made from for this. */
  readonly madeFrom: string | undefined
  readonly service: Service
  readonly regressions: readonly Regression[]
  /** What befalls the service while a release of these regressions is on its way. */
  readonly disturbance: Disturbance
  readonly runs: number
  readonly seed: number
  readonly changes: readonly Change[]
}

/** Rollouts under one leader. */
export interface Row {
  readonly leader: string
  readonly outcomes: Outcomes
  /** Of those rolled back, seconds until the canary's traffic was gone, and of all, failed requests: both rising. */
  readonly toZero: readonly number[]
  readonly failed: readonly number[]
}

/** The weights of a rollout, percent. */
export interface Ladder {
  readonly weights: readonly number[]
  /** It begins as low as the traffic allows: `weights` are those of the rate that is simulated, which is seen to be a little more or less. */
  readonly ofTraffic: boolean
}

/** The answer. */
export interface Rehearsal {
  readonly rehearsed: Rehearsed
  readonly ladder: Ladder
  readonly question: Question
  /** Options that cannot be read, and checks that cannot do what they are for on this traffic. */
  readonly weak: readonly WeakCheck[]
  /** One release with the first regression, by the whole controller: the first of the many. */
  readonly story: Story
  readonly releases: readonly { readonly regression: Regression; readonly rows: readonly Row[] }[]
  readonly good: readonly { readonly disturbance: Disturbance; readonly rows: readonly Row[] }[]
  /** Each change by itself: of a release with the first regression, and of a good one in calm. */
  readonly changes: readonly { readonly change: Change; readonly bad: Row; readonly good: Row }[]
}

/** What good releases are tried with. */
export const DISTURBANCES: readonly Disturbance[] = ['calm', 'storms', 'blips', 'outage', 'cold-steps']

// A good release takes its whole ladder, a bad one some looks.
const GOOD_SHARE = 0.4

/** Good releases for each disturbance, when `runs` of a bad one are asked for. */
export function goodRunsOf(runs: number): number {
  return Math.ceil(runs * GOOD_SHARE)
}

/** Answers; a text says why this Canary cannot be rehearsed. */
export async function rehearsal(question: Question): Promise<Rehearsal | string> {
  const { runs, seed, service, regressions, disturbance, argo } = question
  const rehearsed = rehearsedOf(question.canary, question.target, question.config)
  if (typeof rehearsed === 'string') return rehearsed
  const releases = regressions.map((regression) => ({
    regression,
    rows: allRows({ rehearsed, argo }, { service, regression, disturbance }, { runs, seed })
  }))
  const good = DISTURBANCES.map((each) => ({
    disturbance: each,
    rows: allRows({ rehearsed, argo }, { service, regression: GOOD, disturbance: each }, { runs: goodRunsOf(runs), seed })
  }))
  const changes = question.changes.map((change) => changedRows(rehearsed, question, change))
  const story = await storyFor(rehearsed, question)
  const ladder = ladderPlayed(rehearsed, service)
  return { rehearsed, ladder, question, weak: weakChecks(rehearsed, question), story, releases, good, changes }
}

function ladderPlayed({ canary, plan, config }: Rehearsed, { rate }: Service): Ladder {
  const ofTraffic = plan.strategy.kind === 'weighted' && plan.strategy.auto === true
  const request = isComparable(canary, plan) ? gateRequestOf(canary, config).request : undefined
  // Without a gate nobody sees the traffic.
  if (ofTraffic && request === undefined) return { weights: autoLadder(), ofTraffic: false }
  return { weights: ladderOf({ plan, request }, { rate }), ofTraffic }
}

interface Many {
  readonly runs: number
  readonly seed: number
}

interface Sides {
  readonly rehearsed: Rehearsed
  readonly argo: ArgoSide | undefined
}

function allRows({ rehearsed, argo }: Sides, scenario: Scenario, many: Many): readonly Row[] {
  const { edges } = scenario.service
  const flaggersPlan = planForFlagger(rehearsed)
  const [name, plan] = argo?.kind === 'plan' ? ['Argo', argo.plan] : ['Argo sample', ARGO_SAMPLE]
  return [
    serinRow(rehearsed, scenario, many),
    rowOf('Flagger', () => new FlaggerLeader(flaggersPlan, edges), scenario, many),
    rowOf(name, () => new ArgoLeader(plan, edges), scenario, many)
  ]
}

// Flagger knows no pace: where the Canary has weights of its own, it goes by them. Without any those that Serin begins with stand in.
function planForFlagger({ canary, plan }: Rehearsed): Plan {
  const analysis = dig(canary, 'spec', 'analysis')
  if (dig(analysis, 'stepWeight') === undefined && listAt(analysis, 'stepWeights').length === 0) return plan
  const { [PACE]: _, ...annotations } = canary.metadata.annotations ?? {}
  return planOf({ ...canary, metadata: { ...canary.metadata, annotations } })
}

function weakChecks({ config }: Rehearsed, { canary, templates, service, seed }: Question): readonly WeakCheck[] {
  const slices = slicesFor({ service, disturbance: 'calm' }, seeded(seed))
  const history = historyOf(slices.map((slice) => counts(slice, 'failed', service.edges)))
  const plan = planOf(canary, config)
  const { request, problems } = gateRequestOf(canary, config)
  const misread = [...problems, ...paceOf(canary, config).problems].map(({ annotation, text }) => ({
    path: `metadata.annotations["${annotation}"]`,
    text
  }))
  const asked = isComparable(canary, plan) ? request : undefined
  return [...misread, ...weakChecksOf({ canary, plan, templates, request: asked }, { rate: service.rate, history })]
}

function storyFor(rehearsed: Rehearsed, { service, regressions, disturbance, seed }: Question): Promise<Story> {
  const scenario: Scenario = { service, regression: regressions[0] ?? GOOD, disturbance }
  return storyOf(rehearsed, scenario, seedOf(seed, 0), slicesFor(scenario, seeded(seed)))
}

function serinRow(rehearsed: Rehearsed, scenario: Scenario, many: Many): Row {
  const ready = prepared(rehearsed, slicesFor(scenario, seeded(many.seed)), scenario.service.edges)
  return rowOf('Serin', () => new SerinLeader(ready), scenario, many)
}

function rowOf(leader: string, makeLeader: () => Leader, scenario: Scenario, many: Many): Row {
  const runs = manyRuns(makeLeader, scenario, many)
  const rising = (values: readonly number[]): readonly number[] => values.toSorted((one, other) => one - other)
  const back = runs.filter(({ outcome }: Run) => outcome === 'rolled-back')
  return {
    leader,
    outcomes: outcomesOf(runs),
    toZero: rising(back.map(({ seconds }) => seconds)),
    failed: rising(runs.map((run) => run.failed))
  }
}

function changedRows(
  rehearsed: Rehearsed,
  { service, regressions, disturbance, runs, seed }: Question,
  change: Change
): Rehearsal['changes'][number] {
  const other = changed(rehearsed, service, change)
  const regression = regressions[0] ?? GOOD
  const bad = serinRow(other.rehearsed, { service: other.service, regression, disturbance }, { runs, seed })
  const good = serinRow(
    other.rehearsed,
    { service: other.service, regression: GOOD, disturbance: 'calm' },
    { runs: goodRunsOf(runs), seed }
  )
  return { change, bad, good }
}
