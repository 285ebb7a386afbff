// Carries out a Step: its writes in order, what it tells, the status once and last, then the Canary's own metadata.

import type { KubeObject } from '../api/object.ts'
import { ApiError, type CallOptions, type ObjectKey } from '../kube/kube-client.ts'
import type { Answer } from '../rollout/ask.ts'
import { judgeHook } from '../rollout/judge.ts'
import { planOf } from '../canary/plan.ts'
import type { Note } from '../rollout/release.ts'
import { requestsOf } from '../rollout/requests.ts'
import { FINALIZER } from '../rollout/situation.ts'
import { writeState } from '../rollout/state.ts'
import type { Announcement, Step } from '../rollout/tick.ts'
import { type PatchOperation, RESOURCES, setAt, type Write } from '../objects/write.ts'
import type { Millis } from '../std/clock.ts'
import { sameJson } from '../std/json.ts'
import { printable } from '../std/printable.ts'
import { keepReleases } from './release-keeper.ts'
import type { Patiently } from './rollout-asking.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { callHook } from './rollout-questions.ts'

/**
 * done; again, when another writer was faster: the tick starts over from what is there now; refused, when the API will not have a write,
 * now or in a moment; failed, when the API failed, which may pass, and nobody knows whether the last write was made.
 */
export type Applied =
  | { readonly kind: 'done' }
  | { readonly kind: 'again' | 'refused'; readonly because: string }
  | { readonly kind: 'failed'; readonly error: ApiError }

// More than one who writes the Canary within a round trip, time and again, is no accident.
const STATUS_TRIES = 3

/**
 * What to carry out; `written` is called once the status is, whatever becomes of what comes after it. `patiently` waits for a webhook as long
 * as its answer is wanted.
 */
export interface Application {
  readonly step: Step
  readonly writes: readonly Write[]
  readonly notes: readonly Note[]
  readonly written: () => void
  readonly patiently: Patiently
}

const NOT_HEARD: Answer = { kind: 'no', because: 'its answer is not waited for: there is something else to do' }

/** Makes the writes and tells what there is to tell. */
export async function apply(
  ports: RolloutPorts,
  canary: KubeObject,
  { step, writes, notes, written, patiently }: Application,
  signal: AbortSignal
): Promise<Applied> {
  try {
    for (const write of writes) {
      const refusal = await makeOr(ports, write, signal)
      if (refusal !== undefined) tellSkipped(ports, canary, refusal, signal)
    }
    await tell(ports, canary, { announcements: step.announcements, patiently }, signal)
    const status = statusAfter(canary, step, ports.clock.now())
    if (status !== undefined) await writeStatus(ports, canary, status, signal)
    written()
    await editMetadata(ports, canary, step.metadata, signal)
    await keepReleases(ports, notes, signal)
    return { kind: 'done' }
  } catch (error) {
    if (isLostRace(error)) return { kind: 'again', because: error.message }
    if (isRefusal(error)) return { kind: 'refused', because: error.message }
    if (error instanceof ApiError) return { kind: 'failed', error }
    throw error
  }
}

/** True when the step changes something of the Canary itself. */
export function writesCanary(canary: KubeObject, step: Step, now: Millis): boolean {
  return statusAfter(canary, step, now) !== undefined || metadataEdit(canary, step.metadata).length > 0
}

function statusAfter(canary: KubeObject, step: Step, now: Millis): ReturnType<typeof writeState> {
  return writeState(step.state, canary['status'], now, planOf(canary).targetKind)
}

/** Records an Event and tells who listens, event webhooks among them. */
export function tellEvent(
  ports: RolloutPorts,
  canary: KubeObject,
  told: Extract<Announcement, { kind: 'event' }>,
  signal: AbortSignal
): void {
  const message = printable(told.message)
  const telling = ports.telling ?? signal
  ports.events.record(canary, told.type, message, telling)
  for (const listener of ports.listeners) listener.told?.({ canary, type: told.type, message, phase: told.phase }, telling)
}

// Another version of the Canary that wants the same and stands where it stood: what took long to find out is not thrown away for it.
async function writeStatus({ client }: RolloutPorts, canary: KubeObject, status: unknown, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '' } = canary.metadata
  let live = canary
  for (let left = STATUS_TRIES; ; left--) {
    try {
      await client.update(RESOURCES.canaries, { ...live, status }, { subresource: 'status', signal })
      return
    } catch (error) {
      if (!isLostRace(error) || left === 1) throw error
      const next = await client.get({ ...RESOURCES.canaries, namespace, name }, { signal })
      if (next === undefined || !wantsTheSame(next, canary)) throw error
      live = next
    }
  }
}

function wantsTheSame(one: KubeObject, other: KubeObject): boolean {
  const [a, b] = [one, other].map(({ metadata, ...rest }) => {
    const { uid, generation, deletionTimestamp } = metadata
    return { uid, generation, deletionTimestamp, requests: requestsOf({ metadata, ...rest }), status: rest['status'] }
  })
  return sameJson(a, b)
}

// A failed test of a JSON patch is 422 on a real API server, and means the same as a conflict: the object is not what was read.
function isLostRace(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 409 || (error.status === 422 && error.message.includes('rejected our request')))
}

function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429
}

// Why the API refused a write that may be refused.
async function makeOr(ports: RolloutPorts, write: Write, signal: AbortSignal): Promise<string | undefined> {
  try {
    await makeWrite(ports, write, signal)
    return undefined
  } catch (error) {
    if (write.optional !== true || isLostRace(error) || !isRefusal(error)) throw error
    return error.message
  }
}

// No webhooks are told: every tick tries again.
function tellSkipped({ log, events, telling }: RolloutPorts, canary: KubeObject, because: string, signal: AbortSignal): void {
  log(`canary ${canary.metadata.namespace}/${canary.metadata.name}: ${because}`)
  events.record(canary, 'Warning', because, telling ?? signal)
}

async function makeWrite(ports: RolloutPorts, write: Write, signal: AbortSignal): Promise<void> {
  try {
    await send(ports, write, signal)
  } catch (error) {
    throw write.resource.resource === RESOURCES.secrets.resource && error instanceof ApiError ? discreet(error, write) : error
  }
}

// What an API server says of a Secret that it refuses may quote it; logs and Events are read by others than Secrets are.
function discreet({ status, reason, retryAfterSeconds }: ApiError, write: Write): ApiError {
  const name = write.verb === 'create' ? write.object.metadata.name : write.name
  return new ApiError(status, reason, `${write.verb} of secret ${name ?? ''} was refused: ${status} ${reason}`, retryAfterSeconds)
}

async function send({ client }: RolloutPorts, write: Write, signal: AbortSignal): Promise<void> {
  if (write.verb === 'create') {
    await client.create(write.resource, write.object, { signal })
    return
  }
  const key = { ...write.resource, namespace: write.namespace, name: write.name }
  if (write.verb === 'delete') return deleteOnce(client, key, { uid: write.uid, signal })
  await client.patch(key, write.patch, { signal })
}

// Somebody else may have been faster.
async function deleteOnce(client: RolloutPorts['client'], key: ObjectKey, options: CallOptions & { readonly uid: string }): Promise<void> {
  try {
    await client.delete(key, options)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
  }
}

// Post-rollout webhooks run in order; the first one that fails ends them (flagger.md 1.6).
async function tell(
  ports: RolloutPorts,
  canary: KubeObject,
  { announcements, patiently }: { readonly announcements: readonly Announcement[] } & Pick<Application, 'patiently'>,
  signal: AbortSignal
): Promise<void> {
  let failed = false
  for (const told of announcements) {
    if (told.kind === 'event') {
      tellEvent(ports, canary, told, signal)
      continue
    }
    if (failed) continue
    const answers = await patiently(async (stop) => [judgeHook(await callHook(ports, told.call, stop))])
    const answer: Answer = answers === 'interrupted' ? NOT_HEARD : (answers[0] ?? NOT_HEARD)
    failed = answer.kind !== 'yes'
    const message = answer.kind === 'yes' ? told.passed : `${told.failed} ${answer.because}`
    tellEvent(ports, canary, { kind: 'event', type: failed ? 'Warning' : 'Normal', message, phase: told.phase }, signal)
  }
}

async function editMetadata({ client }: RolloutPorts, canary: KubeObject, edit: Step['metadata'], signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '' } = canary.metadata
  const operations = metadataEdit(canary, edit)
  if (operations.length === 0) return
  await client.patch({ ...RESOURCES.canaries, namespace, name }, { kind: 'json', operations }, { signal })
}

function metadataEdit(canary: KubeObject, edit: Step['metadata']): readonly PatchOperation[] {
  const finalizers = canary.metadata.finalizers ?? []
  if (typeof edit !== 'string') return edit.drop.flatMap((name) => setAt(canary, ['metadata', 'annotations', name], undefined))
  switch (edit) {
    case 'keep':
      return []
    case 'add-finalizer':
      return setAt(canary, ['metadata', 'finalizers'], [...finalizers, FINALIZER])
    case 'drop-finalizer': {
      const others = finalizers.filter((finalizer) => finalizer !== FINALIZER)
      return setAt(canary, ['metadata', 'finalizers'], others.length === 0 ? undefined : others)
    }
  }
}
