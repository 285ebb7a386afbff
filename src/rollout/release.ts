// The history of a revision as a Release: what a tick adds to it. It is written after the Canary's status, which has to come to be whatever
// becomes of histories: a controller that dies in between loses an entry, and the first tick of the next one puts the outcome right.

import type { KubeObject } from '../api/object.ts'
import type { Release, ReleaseSpec, ReleaseStatus } from '../api/serin-kinds.ts'
import { formatInstant } from '../std/instant.ts'
import type { Millis } from '../std/clock.ts'
import { dig } from '../std/json.ts'
import { checkName, type Answer, type Question } from './ask.ts'
import type { Plan } from './plan.ts'
import { checksumOf, configsIn, templateIn } from './revision.ts'
import { nextStage } from './stages.ts'
import { isRunning, NO_PROGRESS, type Progress, phaseName, progressOf, type RolloutState, standingOf } from './state.ts'
import type { Step, Tick } from './tick.ts'
import { ownerOf, type Write } from './write.ts'

/** Releases of one Canary that are kept. */
export const RELEASES_KEPT = 10
/** The label by which a Canary's Releases are found. */
export const CANARY_LABEL = 'serin.dev/canary'
const ENTRIES_MOST = 100
// A Release is named after its Canary, as far as names go.
const NAME_MOST = 200

type Entries = Pick<ReleaseStatus, 'steps' | 'checks' | 'writes'>

/** What a tick adds to the history of one revision. */
export interface Note {
  readonly name: string
  readonly namespace: string
  readonly canary: KubeObject
  readonly spec: ReleaseSpec
  /** It begins, or begins again. */
  readonly begins: boolean
  /** Only what is there is put right. */
  readonly mends: boolean
  readonly outcome: NonNullable<ReleaseStatus['outcome']>
  readonly because: string
  readonly phase: string
  readonly weight: number
  readonly at: Millis
  readonly entries: Entries
}

/**
 * What the tick that came to `step` adds, oldest revision first; nothing where nothing happened. `first`: the controller has not looked at
 * the Canary before.
 */
export function notesOf(
  tick: Tick,
  step: Step,
  { writes, first }: { readonly writes: readonly Write[]; readonly first: boolean }
): readonly Note[] {
  const { state: before, revision } = tick.finding
  const after = step.state
  const of = after.phase === 'waiting' ? revision : standingOf(after).applied
  if (UNTOLD.includes(after.phase) || of === '') return []
  const ended = endedBy(before, after)
  const notes = ended === undefined ? [] : [noteOf(tick, step, standingOf(before).applied, { outcome: ended, writes })]
  const outcome = outcomeOf(after)
  if (ended !== 'withdrawn' && isEventful(tick, step, writes)) {
    return [...notes, noteOf(tick, step, of, { outcome, writes: ended === undefined ? writes : [] })]
  }
  return ended === undefined && first && outcome !== 'running'
    ? [{ ...noteOf(tick, step, of, { outcome, writes: [] }), mends: true }]
    : notes
}

const UNTOLD: readonly RolloutState['phase'][] = ['new', 'initializing', 'terminating']

// The revision on its way was taken back, or another took its place.
function endedBy(before: RolloutState, after: RolloutState): 'withdrawn' | 'superseded' | undefined {
  if (!isRunning(before) || before.phase === 'waiting' || standingOf(before).applied === standingOf(after).applied) return undefined
  return after.phase === 'initialized' ? 'withdrawn' : 'superseded'
}

function isEventful(tick: Tick, step: Step, writes: readonly Write[]): boolean {
  const { state: before } = tick.finding
  const happened = !sameStage(before, step.state) || tick.answers.length > 0 || writes.length > 0
  return happened && (isRunning(step.state) || isRunning(before) || before.phase === 'initializing')
}

/** The Release with a note added; `live` is the one there is. */
export function noted(live: KubeObject | undefined, note: Note): Release {
  if (live !== undefined) {
    // What is there was written here. Of a revision that the target has no longer the images are known by what was written then.
    const { spec, status } = live as Release
    return { ...live, kind: 'Release', spec: note.spec.images === undefined ? spec : note.spec, status: statusOf(status, note) }
  }
  const { name, namespace, canary, spec } = note
  const labels = { [CANARY_LABEL]: (canary.metadata.name ?? '').slice(0, 63).replace(/[^A-Za-z0-9]+$/, '') }
  const metadata = { name, namespace, labels, ownerReferences: [ownerOf(canary)] }
  return { apiVersion: 'serin.dev/v1alpha1', kind: 'Release', metadata, spec, status: statusOf({}, note) }
}

function statusOf(before: ReleaseStatus, note: Note): ReleaseStatus {
  const at = formatInstant(note.at)
  const { outcome, because, phase, weight, entries } = note
  const { attempts = 0, startedAt = at, endedAt = at } = before
  return {
    outcome,
    ...(because === '' ? {} : { because }),
    phase,
    weight,
    attempts: note.begins || attempts === 0 ? attempts + 1 : attempts,
    startedAt,
    ...(outcome === 'running' ? {} : { endedAt: before.outcome === outcome ? endedAt : at }),
    steps: joined(before.steps, entries.steps, isSameStep),
    checks: counted(before.checks, entries.checks),
    writes: joined(before.writes, entries.writes, isSameWrite)
  }
}

/** The Releases to delete so that the latest are kept, this one among them. */
export function superfluous(all: readonly KubeObject[], keep: string): readonly KubeObject[] {
  const at = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`
  const others = all.filter(({ metadata }) => metadata.name !== keep).toSorted((a, b) => (at(a) < at(b) ? 1 : -1))
  return others.slice(RELEASES_KEPT - 1)
}

function noteOf(
  tick: Tick,
  step: Step,
  revision: string,
  { outcome, writes }: { readonly outcome: Note['outcome']; readonly writes: readonly Write[] }
): Note {
  const { canary, finding } = tick
  const { plan, state: before } = finding
  const at = formatInstant(tick.cluster.now)
  const after = step.state
  const progress = progressOf(after)
  return {
    name: `${plan.name.slice(0, NAME_MOST)}-${checksumOf(templateIn(revision), configsIn(revision))}`,
    namespace: plan.namespace,
    canary,
    spec: specOf(tick, revision),
    begins: !isRunning(before) && isRunning(after),
    mends: false,
    outcome,
    because: 'because' in after && (outcome === 'failed' || outcome === 'running') ? (after.because ?? '') : '',
    phase: phaseName(after.phase),
    weight: progress.weight,
    at: tick.cluster.now,
    entries: {
      steps: sameStage(before, after) ? [] : [{ at, phase: phaseName(after.phase), ...shown(progress) }],
      checks: tick.answers.flatMap((answer, index) => checkOf(tick.questions[index], answer, at)),
      writes: writes.map((write) => ({ at, verb: write.verb, object: `${write.resource.resource}/${nameOf(write)}` }))
    }
  }
}

function specOf({ cluster, finding: { plan, revision } }: Tick, of: string): ReleaseSpec {
  const containers = dig(cluster.target, 'spec', 'template', 'spec', 'containers')
  const images = of === revision && Array.isArray(containers) ? containers.map((container: unknown) => String(dig(container, 'image'))) : []
  return {
    canary: plan.name,
    target: `${cluster.target?.kind ?? 'Deployment'}/${plan.target}`,
    revision: templateIn(of),
    ...(images.length === 0 ? {} : { images }),
    strategy: plan.skipAnalysis ? 'no analysis' : plan.strategy.kind,
    stages: plan.skipAnalysis ? [] : stagesOf(plan)
  }
}

function stagesOf(plan: Plan): readonly string[] {
  const stages: string[] = []
  for (let at = nextStage(plan, NO_PROGRESS); at !== undefined && stages.length < ENTRIES_MOST; at = nextStage(plan, at)) {
    stages.push(at.mirrored === true ? 'copies' : at.iterations > 0 ? `iteration ${at.iterations}` : `${at.weight} %`)
  }
  return stages
}

function outcomeOf(state: RolloutState): Note['outcome'] {
  if (isRunning(state)) return 'running'
  return state.phase === 'failed' ? 'failed' : 'succeeded'
}

function sameStage(one: RolloutState, other: RolloutState): boolean {
  const [a, b] = [progressOf(one), progressOf(other)]
  return one.phase === other.phase && a.weight === b.weight && a.iterations === b.iterations && a.mirrored === b.mirrored
}

function shown({
  weight,
  iterations,
  mirrored
}: Progress): Pick<NonNullable<Entries['steps']>[number], 'weight' | 'iterations' | 'mirrored'> {
  return {
    ...(weight === 0 ? {} : { weight }),
    ...(iterations === 0 ? {} : { iterations }),
    ...(mirrored === true ? { mirrored: 'yes' as const } : {})
  }
}

type Check = NonNullable<Entries['checks']>[number]

function checkOf(question: Question | undefined, answer: Answer, at: string): readonly Check[] {
  if (question === undefined || question.put.kind === 'provider') return []
  const check = question.put.kind === 'hook' ? `${question.put.hook.type} ${question.put.hook.name}` : checkName(question)
  const because = answer.kind === 'yes' ? '' : answer.because
  return [{ at, check, outcome: checkOutcome(question, answer), ...(because === '' ? {} : { because }) }]
}

// A rollback hook that says yes fails the revision; an approval that is refused may still be given.
function checkOutcome({ about }: Question, { kind }: Answer): Check['outcome'] {
  if (kind === 'unknown') return 'unknown'
  if (about === 'rollback') return kind === 'yes' ? 'fail' : 'pass'
  if (kind === 'yes') return 'pass'
  return about === 'approval' || about === 'traffic' || about === 'promotion' ? 'waiting' : 'fail'
}

function nameOf(write: Write): string {
  return (write.verb === 'create' ? write.object.metadata.name : write.name) ?? ''
}

function latest<T>(entries: readonly T[]): readonly T[] {
  return entries.slice(-ENTRIES_MOST)
}

// What a repeated tick adds is there already.
function joined<T>(before: readonly T[] | undefined, added: readonly T[] | undefined, isSame: (one: T, other: T) => boolean): readonly T[] {
  const all = [...(before ?? [])]
  for (const entry of added ?? []) {
    const last = all.at(-1)
    if (last === undefined || !isSame(last, entry)) all.push(entry)
  }
  return latest(all)
}

function counted(before: readonly Check[] | undefined, added: readonly Check[] | undefined): readonly Check[] {
  const all = [...(before ?? [])]
  for (const check of added ?? []) {
    const at = all.findLastIndex((each) => each.check === check.check)
    const last = all[at]
    if (last === undefined || last.outcome !== check.outcome || last.because !== check.because) all.push(check)
    else all[at] = { ...last, at: check.at, count: (last.count ?? 1) + 1 }
  }
  return latest(all)
}

function isSameStep(one: NonNullable<Entries['steps']>[number], other: NonNullable<Entries['steps']>[number]): boolean {
  return one.phase === other.phase && one.weight === other.weight && one.iterations === other.iterations && one.mirrored === other.mirrored
}

function isSameWrite(one: NonNullable<Entries['writes']>[number], other: NonNullable<Entries['writes']>[number]): boolean {
  return one.at === other.at && one.object === other.object && one.verb === other.verb
}
