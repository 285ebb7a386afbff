// Tells users what is wrong with their rules, in three places: kubectl's Warnings at a write, Events on the object, and the log. An Event
// also comes when another object's change is the cause. What is a finding is lint's to say, when it is news settle's.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import type { ObjectEvent } from '../kube/reflector.ts'
import { inOrder } from '../lint/lint.ts'
import { LiveLint, keyOfProblem, objectKey } from '../lint/live-lint.ts'
import { eventReason, problemLine, warningText } from '../lint/problem-text.ts'
import { type Ledger, type Settled, settle } from '../lint/settle.ts'
import { noticesOf } from '../canary/notices.ts'
import { type ObjectProblem, problem, type ProblemObject } from '../route/catalogue.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import { ignoredFields } from '../workload/ignored-fields.ts'
import type { PodSpec } from '../api/builtin-types-pod.ts'
import { Following } from './following.ts'
import { LOOK_AFTER, restAfter } from './look-pace.ts'

/** What findings are told to. What routing reads is heard of by `hear`. */
export interface FindingsOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly recorder: Pick<EventRecorder, 'record' | 'adopt'>
  readonly log: (line: string) => void
}

const FLAGGER = { group: 'flagger.app', version: 'v1beta1' }
const ISTIO = { group: 'networking.istio.io', version: 'v1' }
/** What lint reads beside what routing reads. Canaries are not among them: their controller tells of them itself. */
const FOLLOWED: readonly ResourceRef[] = [
  { group: 'apps', version: 'v1', resource: 'deployments' },
  { ...FLAGGER, resource: 'metrictemplates' },
  { ...FLAGGER, resource: 'alertproviders' },
  { ...ISTIO, resource: 'workloadgroups' },
  { ...ISTIO, version: 'v1beta1', resource: 'proxyconfigs' }
]

const EVENTS: ResourceRef = { group: '', version: 'v1', resource: 'events' }

/** A look ends after this long and goes on later; so does what is told with an answer. */
const LOOK_WITHIN: Millis = 20
const WARNED_WITHIN: Millis = 100
/** More Warnings than this are counted: they travel in headers. */
const WARNINGS_MAX = 20

/** Owns what is known of findings. */
export class Findings {
  readonly #options: FindingsOptions
  readonly #following: Following
  readonly #lint = new LiveLint((object) => notesOn([object]))
  /** By the object that findings are about. */
  readonly #ledger = new Map<string, Ledger>()
  /** Which of them were told here, and not by the rollout controller. */
  readonly #told = new Map<string, Set<string>>()
  /** Objects whose findings changed since they were settled, or are too young to be told. */
  #unsettled = new Set<string>()
  #signal: AbortSignal | undefined
  #pause = LOOK_AFTER
  #settleAt: Millis = 0
  #due: Millis | undefined
  #cancel: () => void = () => undefined

  constructor(options: FindingsOptions) {
    this.#options = options
    this.#following = new Following({ ...options, part: 'lint', resources: FOLLOWED, changed: (event) => this.hear(event) })
  }

  /** Follows the API until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#following.run(signal, async () => {
      // What an earlier run told is counted up, not told anew.
      this.#options.recorder.adopt((await this.#options.client.list(EVENTS, { signal })).items)
      this.#signal = signal
      this.#lookAfter(this.#pause)
    })
    this.#cancel()
  }

  /** Something that lint reads has changed. */
  hear({ kind, object }: ObjectEvent): void {
    if (kind === 'deleted') this.#lint.remove(objectOf(object))
    else this.#lint.put(object)
    this.#lookAfter(this.#pause)
  }

  /** What is wrong with an object just written, and what its change broke elsewhere, as kubectl's Warnings say it. */
  warningsFor(object: KubeObject): string[] {
    this.#lint.put(object)
    const own = objectKey(object)
    const elsewhere = this.#newElsewhere(own)
    return bounded([...[...this.#lint.about(own).values()].map(warningText), ...elsewhere])
  }

  /** What the removal of an object just deleted broke elsewhere. */
  warningsWithout(gone: ProblemObject): string[] {
    this.#lint.remove(gone)
    return bounded(this.#newElsewhere(keyOfProblem(gone)))
  }

  /** Judges the object and what its change touches, and tells what is new of others: not before everything else was judged once. */
  #newElsewhere(own: string): string[] {
    const { clock } = this.#options
    const begun = clock.now()
    const known = this.#lint.hasCaughtUp
    const changed = this.#lint.update(() => !known || clock.now() - begun >= WARNED_WITHIN, own)
    for (const about of changed.keys()) this.#unsettled.add(about)
    this.#lookAfter(this.#pause)
    if (!known) return []
    const found = [...changed].flatMap(([about, before]) =>
      about === own ? [] : [...this.#lint.about(about)].flatMap(([key, problem]) => (before.has(key) ? [] : [problem]))
    )
    return inOrder(found).map((problem) => `${keyOfProblem(problem.object)}: ${warningText(problem)}`)
  }

  #lookAfter(delay: Millis): void {
    const { clock } = this.#options
    const due = clock.now() + delay
    if (this.#signal === undefined || (this.#due !== undefined && this.#due <= due)) return
    this.#due = due
    this.#cancel()
    this.#cancel = clock.after(delay, () => {
      this.#due = undefined
      if (this.#signal?.aborted === false) this.#look(this.#signal)
    })
  }

  #look(signal: AbortSignal): void {
    const { clock } = this.#options
    const begun = clock.now()
    const changed = this.#lint.update(() => clock.now() - begun >= LOOK_WITHIN)
    for (const about of changed.keys()) this.#unsettled.add(about)
    const behind = this.#lint.isBehind
    // What is too young to be told is looked at each time: not as often as there are looks while there is much.
    if (!behind || begun >= this.#settleAt) this.#tellNews(begun, signal)
    const took = clock.now() - begun
    this.#pause = restAfter(took, false)
    if (behind) this.#lookAfter(restAfter(took, true))
  }

  #tellNews(now: Millis, signal: AbortSignal): void {
    const touched = this.#unsettled
    const settled = this.#settle(now)
    for (const problem of settled.appeared) this.#tell(problem, this.#lint.get(problem.object), signal)
    for (const problem of settled.resolved) this.#tellResolved(problem, this.#lint.get(problem.object), signal)
    for (const about of touched) if (!this.#ledger.has(about)) this.#told.delete(about)
    this.#settleAt = now + LOOK_AFTER
    if (settled.wake !== undefined) this.#lookAfter(Math.max(settled.wake, this.#pause))
  }

  /** Settles the findings of objects of which something changed, or is not old enough to be told. */
  #settle(now: Millis): Settled {
    const unsettled = this.#unsettled
    this.#unsettled = new Set()
    const ledger = new Map([...unsettled].flatMap((about) => [...(this.#ledger.get(about) ?? [])]))
    const problems = inOrder([...unsettled].flatMap((about) => [...this.#lint.about(about).values()]))
    const settled = settle(ledger, problems, now, ({ object }) => this.#lint.get(object) !== undefined)
    for (const about of unsettled) this.#ledger.delete(about)
    for (const [about, known] of Map.groupBy(settled.ledger, ([, { problem }]) => keyOfProblem(problem.object))) {
      this.#ledger.set(about, new Map(known))
      if (known.some(([, { says, told }]) => says !== told)) this.#unsettled.add(about)
    }
    return settled
  }

  #tell(problem: ObjectProblem, about: KubeObject | undefined, signal: AbortSignal): void {
    const toldHere = about === undefined || !isNotice(problem, about)
    this.#keepTold(problem, toldHere)
    if (!toldHere) return
    this.#options.log(problemLine(problem))
    if (about === undefined) return
    this.#record({ about, type: 'Warning', reason: eventReason(problem), message: warningText(problem) }, signal)
  }

  #tellResolved(problem: ObjectProblem, about: KubeObject | undefined, signal: AbortSignal): void {
    if (this.#told.get(keyOfProblem(problem.object))?.has(placeOf(problem)) !== true) return
    this.#options.log(`resolved: ${problemLine(problem)}`)
    if (about === undefined) return
    this.#record({ about, type: 'Normal', reason: 'Resolved', message: `no longer so: ${warningText(problem)}` }, signal)
  }

  #keepTold(problem: ObjectProblem, toldHere: boolean): void {
    const about = keyOfProblem(problem.object)
    const told = this.#told.get(about) ?? new Set()
    if (toldHere) told.add(placeOf(problem))
    else told.delete(placeOf(problem))
    this.#told.set(about, told)
  }

  #record(happening: Parameters<EventRecorder['record']>[0], signal: AbortSignal): void {
    // Refusals by the API are dropped by the recorder; what is left is the end of the program.
    this.#options.recorder.record(happening, signal).catch(() => undefined)
  }
}

/** What is stored of workloads and without effect here; pods that a workload made are spoken for by it. */
function notesOn(objects: readonly KubeObject[]): ObjectProblem[] {
  return objects.flatMap((object) => {
    const own = object.kind === 'Pod' && (object.metadata.ownerReferences ?? []).length === 0
    const path = own ? ['spec'] : object.kind === 'Deployment' ? ['spec', 'template', 'spec'] : undefined
    const spec = path === undefined ? undefined : dig(object, ...path)
    // The API has checked the object against its schema.
    const ignored = spec === undefined ? [] : ignoredFields(spec as PodSpec)
    return ignored.length === 0
      ? []
      : [problem('no-effect-here', { object: objectOf(object), path: path?.join('.') ?? '' }, [ignored.join(', ')])]
  })
}

// What the rollout controller tells of a Canary by itself, on any cluster, is not told twice.
function isNotice(problem: ObjectProblem, about: KubeObject): boolean {
  if (problem.object.kind !== 'Canary') return false
  return problem.code === 'canary-refused' || noticesOf(about).some(({ path }) => path === problem.path)
}

function placeOf({ code, path }: ObjectProblem): string {
  return `${code} ${path}`
}

function bounded(warnings: readonly string[]): string[] {
  const rest = warnings.length - WARNINGS_MAX
  return rest <= 0 ? [...warnings] : [...warnings.slice(0, WARNINGS_MAX), `and ${rest} more; serin lint -f names them all`]
}

function objectOf({ kind, metadata }: KubeObject): ProblemObject {
  return { kind, namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' }
}
