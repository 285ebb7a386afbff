// Tells users what is wrong with their rules, in three places: kubectl's Warnings at a write, Events on the object, and the log. An Event
// also comes when another object's change is the cause. What is a finding is lint's to say, when it is news settle's.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { lint, problemsOf } from '../lint/lint.ts'
import { eventReason, problemLine, warningText } from '../lint/problem-text.ts'
import { keyed, type Ledger, settle } from '../lint/settle.ts'
import { type ObjectProblem, problem, type ProblemObject } from '../route/catalogue.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import { ignoredFields } from '../workload/ignored-fields.ts'
import type { PodSpec } from '../api/builtin-types-pod.ts'
import { Following } from './following.ts'

/** What findings are made from and told to. `objects` is everything that routing reads, as last seen. */
export interface FindingsOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly recorder: Pick<EventRecorder, 'record' | 'adopt'>
  readonly objects: () => readonly KubeObject[]
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

/** Changes are looked at this long after the first, or ten times as long as the last look took. */
const LOOK_AFTER: Millis = 100
const REST = 10
/** More Warnings than this are counted: they travel in headers. */
const WARNINGS_MAX = 20

/** Owns what is known of findings. */
export class Findings {
  readonly #options: FindingsOptions
  readonly #following: Following
  #ledger: Ledger = new Map()
  /** Keys of what was found when last linted, told or not: what is not among them is new. */
  #seen: ReadonlySet<string> = new Set()
  #signal: AbortSignal | undefined
  #pause = LOOK_AFTER
  #due: Millis | undefined
  #cancel: () => void = () => undefined

  constructor(options: FindingsOptions) {
    this.#options = options
    this.#following = new Following({ ...options, part: 'lint', resources: FOLLOWED, changed: () => this.changed() })
  }

  /** Follows the API until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#following.run(signal, async () => {
      // What an earlier run told is counted up, not told anew.
      this.#options.recorder.adopt((await this.#options.client.list(EVENTS, { signal })).items)
      this.#signal = signal
      this.changed()
    })
    this.#cancel()
  }

  /** Something that lint reads has changed. */
  changed(): void {
    this.#lookAfter(this.#pause)
  }

  /** What is wrong with an object just written, and what its change broke elsewhere, as kubectl's Warnings say it. */
  warningsFor(object: KubeObject): string[] {
    const { namespace = '', name = '' } = object.metadata
    const own = { kind: object.kind, namespace, name }
    const problems = findingsIn([...this.#objects().filter((other) => !isAt(other, own)), object])
    return bounded([...problemsOf(problems, own).map(warningText), ...this.#newElsewhere(problems, own)])
  }

  /** What the removal of an object just deleted broke elsewhere. */
  warningsWithout(gone: ProblemObject): string[] {
    const problems = findingsIn(this.#objects().filter((other) => !isAt(other, gone)))
    return bounded(this.#newElsewhere(problems, gone))
  }

  #newElsewhere(problems: readonly ObjectProblem[], here: ProblemObject): string[] {
    const [before, found] = [this.#seen, keyed(problems)]
    this.#seen = new Set(found.keys())
    return [...found].flatMap(([key, problem]) =>
      before.has(key) || sameObject(problem.object, here) ? [] : [`${keyOf(problem.object)}: ${warningText(problem)}`]
    )
  }

  #objects(): KubeObject[] {
    return [...this.#options.objects(), ...this.#following.objects()]
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
    const objects = new Map(this.#objects().map((object) => [keyOf(objectOf(object)), object]))
    const problems = findingsIn([...objects.values()])
    this.#seen = new Set(keyed(problems).keys())
    const settled = settle(this.#ledger, problems, begun, ({ object }) => objects.has(keyOf(object)))
    this.#ledger = settled.ledger
    for (const problem of settled.appeared) this.#tell(problem, objects.get(keyOf(problem.object)), signal)
    for (const problem of settled.resolved) this.#tellResolved(problem, objects.get(keyOf(problem.object)), signal)
    this.#pause = Math.max(LOOK_AFTER, REST * (clock.now() - begun))
    if (settled.wake !== undefined) this.#lookAfter(Math.max(settled.wake, this.#pause))
  }

  #tell(problem: ObjectProblem, about: KubeObject | undefined, signal: AbortSignal): void {
    this.#options.log(problemLine(problem))
    if (about === undefined) return
    this.#record({ about, type: 'Warning', reason: eventReason(problem), message: warningText(problem) }, signal)
  }

  #tellResolved(problem: ObjectProblem, about: KubeObject | undefined, signal: AbortSignal): void {
    this.#options.log(`resolved: ${problemLine(problem)}`)
    if (about === undefined) return
    this.#record({ about, type: 'Normal', reason: 'Resolved', message: `no longer so: ${warningText(problem)}` }, signal)
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

function findingsIn(objects: readonly KubeObject[]): ObjectProblem[] {
  return [...lint(objects, 'all'), ...notesOn(objects)]
}

function bounded(warnings: readonly string[]): string[] {
  const rest = warnings.length - WARNINGS_MAX
  return rest <= 0 ? [...warnings] : [...warnings.slice(0, WARNINGS_MAX), `and ${rest} more; serin lint -f names them all`]
}

function objectOf({ kind, metadata }: KubeObject): ProblemObject {
  return { kind, namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' }
}

function keyOf({ kind, namespace, name }: ProblemObject): string {
  return `${kind} ${namespace}/${name}`
}

function sameObject(a: ProblemObject, b: ProblemObject): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name
}

function isAt(object: KubeObject, { kind, namespace, name }: ProblemObject): boolean {
  return object.kind === kind && object.metadata.name === name && (object.metadata.namespace ?? '') === namespace
}
