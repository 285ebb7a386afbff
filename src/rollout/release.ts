// The history of a revision as a Release: what a tick adds to it. It is written after the Canary's status, which has to come to be whatever
// becomes of histories: a controller that dies in between loses an entry, and the first tick of the next one puts the outcome right.

import type { KubeObject } from '../api/object.ts'
import type { Release, ReleaseSpec, ReleaseStatus } from '../api/serin-kinds.ts'
import { formatInstant } from '../std/instant.ts'
import type { Millis } from '../std/clock.ts'
import { dig, listAt } from '../std/json.ts'
import { printable } from '../std/printable.ts'
import { checkName, type Answer, type Question } from './ask.ts'
import { type Drift, fieldsText } from './drift.ts'
import type { Plan } from '../canary/plan.ts'
import { GATE_CHECK, gateCheck } from './gate-check.ts'
import { isSameRequest, requestEntries, requestsField } from './release-requests.ts'
import { RETRIED } from './requests.ts'
import { checksumOf, configsIn, templateIn } from '../objects/revision.ts'
import { nextStage } from './stages.ts'
import { isRunning, NO_PROGRESS, type Progress, phaseName, progressOf, type RolloutState, standingOf } from './state.ts'
import type { Step, Tick } from './tick.ts'
import { ownerOf, type Write } from '../objects/write.ts'

/** Releases of one Canary that are kept. */
export const RELEASES_KEPT = 10
/** The label by which a Canary's Releases are found. */
export const CANARY_LABEL = 'serin.dev/canary'
const ENTRIES_MOST = 100
// A Release is named after its Canary, as far as names go.
const NAME_MOST = 200

/** The name of the Release of a Canary's revision. */
export function releaseName({ name }: Pick<Plan, 'name'>, revision: string): string {
  return `${name.slice(0, NAME_MOST)}-${checksumOf(templateIn(revision), configsIn(revision))}`
}

type Entries = Pick<ReleaseStatus, 'steps' | 'checks' | 'requests' | 'changes' | 'writes'>

/** What a tick adds to the history of one revision. */
export interface Note {
  readonly name: string
  readonly namespace: string
  readonly canary: KubeObject
  readonly spec: ReleaseSpec
  /** now: its stages are those of the whole way; before: those that were written stay, as only these know where the traffic began it. */
  readonly staged: 'now' | 'before'
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
  { writes, first, drifts = [] }: { readonly writes: readonly Write[]; readonly first: boolean; readonly drifts?: readonly Drift[] }
): readonly Note[] {
  const { state: before, revision } = tick.finding
  const after = step.state
  const of = revisionOf(after, before, revision)
  if (UNTOLD.includes(after.phase) || of === '') return []
  const ended = endedBy(before, after)
  const notes = ended === undefined ? [] : [noteOf(tick, step, standingOf(before).applied, { outcome: ended, writes })]
  const outcome = outcomeOf(after)
  if (ended !== 'withdrawn' && isEventful(tick, step, writes)) {
    return [...notes, noteOf(tick, step, of, { outcome, writes: ended === undefined ? writes : [], drifts })]
  }
  return ended === undefined && first && outcome !== 'running'
    ? [{ ...noteOf(tick, step, of, { outcome, writes: [] }), mends: true }]
    : notes
}

// That of a revision to be taken up again stands in the status no longer.
function revisionOf(after: RolloutState, before: RolloutState, revision: string): string {
  if (after.phase === 'waiting') return revision
  const { applied } = standingOf(after)
  return applied === RETRIED ? standingOf(before).applied : applied
}

const UNTOLD: readonly RolloutState['phase'][] = ['new', 'initializing', 'terminating']

// The revision on its way was taken back, or another took its place.
function endedBy(before: RolloutState, after: RolloutState): 'withdrawn' | 'superseded' | undefined {
  if (!isRunning(before) || before.phase === 'waiting' || standingOf(before).applied === standingOf(after).applied) return undefined
  return after.phase === 'initialized' ? 'withdrawn' : 'superseded'
}

function isEventful(tick: Tick, step: Step, writes: readonly Write[]): boolean {
  const { state: before } = tick.finding
  const { heeded } = tick.finding
  if (heeded.drop.length > 0 || heeded.paused) return true
  const asked = tick.answers.length > 0 || gateCheck(tick, step, { at: '', moved: false }).length > 0
  const happened = !sameStage(before, step.state) || asked || writes.length > 0
  return happened && (isRunning(step.state) || isRunning(before) || before.phase === 'initializing')
}

/** The value of the label for a Canary: names may be longer than labels. */
export function canaryLabel(name: string): string {
  return name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '')
}

/** The Release with a note added; `live` is the one there is. */
export function noted(live: KubeObject | undefined, note: Note): Release {
  if (live !== undefined) {
    // What is there was written here. Of a revision that the target has no longer the images are known by what was written then.
    const { spec, status } = live as Release
    const now = note.spec.images === undefined ? spec : note.spec
    const stages = note.staged === 'before' ? spec.stages : now.stages
    return { ...live, kind: 'Release', spec: stages === undefined ? now : { ...now, stages }, status: statusOf(status, note) }
  }
  const { name, namespace, canary, spec } = note
  const labels = { [CANARY_LABEL]: canaryLabel(canary.metadata.name ?? '') }
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
    ...(note.begins ? {} : keptEvidence(before)),
    attempts: note.begins || attempts === 0 ? attempts + 1 : attempts,
    startedAt,
    ...(outcome === 'running' ? {} : { endedAt: before.outcome === outcome ? endedAt : at }),
    steps: joined(before.steps, entries.steps, isSameStep),
    checks: counted(before.checks, entries.checks),
    ...requestsField(joined(before.requests, entries.requests, isSameRequest)),
    ...changed(before.changes, entries.changes),
    writes: joined(before.writes, entries.writes, isSameWrite)
  }
}

// Written by the gate, between ticks. A revision that is taken up again is a new rollout: what was held against it before is not.
function keptEvidence({ gate, chart, evidence, asked, exposure }: ReleaseStatus): Partial<ReleaseStatus> {
  const kept = { gate, chart, evidence, asked, exposure }
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
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
  {
    outcome,
    writes,
    drifts = []
  }: { readonly outcome: Note['outcome']; readonly writes: readonly Write[]; readonly drifts?: readonly Drift[] }
): Note {
  const { canary, finding } = tick
  const { plan, state: before } = finding
  const at = formatInstant(tick.cluster.now)
  const after = step.state
  const progress = progressOf(after)
  const begins = !isRunning(before) && isRunning(after)
  return {
    name: releaseName(plan, revision),
    namespace: plan.namespace,
    canary,
    spec: specOf(tick, revision),
    staged: begins || !isAuto(plan) || isUnstarted(before) ? 'now' : 'before',
    begins,
    mends: false,
    outcome,
    because: 'because' in after && (outcome === 'failed' || outcome === 'running') ? printable(after.because ?? '') : '',
    phase: phaseName(after.phase),
    weight: progress.weight,
    at: tick.cluster.now,
    entries: {
      steps: sameStage(before, after) ? [] : [{ at, phase: phaseName(after.phase), ...shown(progress) }],
      requests: requestEntries(tick, at),
      checks: [
        ...tick.answers.flatMap((answer, index) => checkOf(tick.questions[index], answer, at)),
        ...gateCheck(tick, step, { at, moved: !sameStage(before, after) })
      ],
      changes: drifts.map((drift) => changeOf(drift, at)),
      writes: writes.map((write) => ({ at, verb: write.verb, object: `${write.resource.resource}/${nameOf(write)}` }))
    }
  }
}

function specOf({ cluster, finding: { plan, revision } }: Tick, of: string): ReleaseSpec {
  const containers = of === revision ? listAt(cluster.target, 'spec', 'template', 'spec', 'containers') : []
  const images = containers.map((container) => printable(String(dig(container, 'image'))))
  return {
    canary: plan.name,
    target: printable(`${cluster.target?.kind ?? 'Deployment'}/${plan.target}`),
    revision: templateIn(of),
    ...(images.length === 0 ? {} : { images }),
    strategy: plan.skipAnalysis ? 'no analysis' : plan.strategy.kind,
    stages: plan.skipAnalysis ? [] : stagesOf(plan)
  }
}

function isAuto({ strategy }: Plan): boolean {
  return strategy.kind === 'weighted' && strategy.auto === true
}

// Its first weight is not taken yet.
function isUnstarted(state: RolloutState): boolean {
  return (state.phase === 'waiting' || state.phase === 'progressing') && progressOf(state).weight === 0
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
  const check = printable(question.put.kind === 'hook' ? `${question.put.hook.type} ${question.put.hook.name}` : checkName(question))
  const because = answer.kind === 'yes' ? '' : printable(answer.because)
  const cause = answer.kind === 'unknown' ? { cause: answer.cause } : {}
  return [{ at, check, outcome: checkOutcome(question, answer), ...cause, ...(because === '' ? {} : { because }) }]
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
    if (last === undefined || !isRepeated(last, check)) all.push(check)
    else all[at] = { ...check, count: (last.count ?? 1) + 1 }
  }
  return latest(all)
}

// The gate's sentence has counts in it that are others at each look: the latest says it all.
function isRepeated(last: Check, { check, outcome, cause, because }: Check): boolean {
  return last.outcome === outcome && last.cause === cause && (last.because === because || check === GATE_CHECK)
}

type Change = NonNullable<Entries['changes']>[number]

function changeOf(drift: Drift, at: string): Change {
  const { manager, whose, object } = drift
  return { at, by: printable(manager), whose, object: printable(object), fields: printable(fieldsText(drift)) }
}

// Of one that comes time and again, as an agent's does, the latest is kept, with how often.
function changed(before: readonly Change[] | undefined, added: readonly Change[] | undefined): Pick<Entries, 'changes'> {
  const all = [...(before ?? [])]
  for (const change of added ?? []) {
    const last = all.at(-1)
    const again = last !== undefined && last.by === change.by && last.object === change.object
    if (again && last.at === change.at) continue
    if (again) all[all.length - 1] = { ...change, count: (last.count ?? 1) + 1 }
    else all.push(change)
  }
  return all.length === 0 ? {} : { changes: latest(all) }
}

function isSameStep(one: NonNullable<Entries['steps']>[number], other: NonNullable<Entries['steps']>[number]): boolean {
  return one.phase === other.phase && one.weight === other.weight && one.iterations === other.iterations && one.mirrored === other.mirrored
}

function isSameWrite(one: NonNullable<Entries['writes']>[number], other: NonNullable<Entries['writes']>[number]): boolean {
  return one.at === other.at && one.object === other.object && one.verb === other.verb
}
