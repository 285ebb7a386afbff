// Carries out a Step: its writes in order, what it tells, the status once and last, then the Canary's own metadata.

import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { judgeHook } from '../rollout/judge.ts'
import { planOf } from '../rollout/plan.ts'
import type { Note } from '../rollout/release.ts'
import { FINALIZER } from '../rollout/situation.ts'
import { writeState } from '../rollout/state.ts'
import type { Announcement, Step } from '../rollout/tick.ts'
import { type PatchOperation, RESOURCES, setAt, type Write } from '../rollout/write.ts'
import { printable } from '../std/printable.ts'
import { keepReleases } from './release-keeper.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { callHook } from './rollout-questions.ts'

/**
 * done; again, when another writer was faster: the tick starts over from what is there now; refused, when the API will not have a write,
 * now or in a moment.
 */
export type Applied = { readonly kind: 'done' } | { readonly kind: 'again' | 'refused'; readonly because: string }

/** What to carry out; `written` is called once the status is, whatever becomes of what comes after it. */
export interface Application {
  readonly step: Step
  readonly writes: readonly Write[]
  readonly notes: readonly Note[]
  readonly written: () => void
}

/** Makes the writes and tells what there is to tell. Rejects with ApiError when the API fails, which may pass. */
export async function apply(
  ports: RolloutPorts,
  canary: KubeObject,
  { step, writes, notes, written }: Application,
  signal: AbortSignal
): Promise<Applied> {
  try {
    for (const write of writes) {
      const refusal = await makeOr(ports, write, signal)
      if (refusal !== undefined) await tellSkipped(ports, canary, refusal, signal)
    }
    await tell(ports, canary, step.announcements, signal)
    const status = writeState(step.state, canary['status'], ports.clock.now(), planOf(canary).targetKind)
    if (status !== undefined) {
      await ports.client.update(RESOURCES.canaries, { ...canary, status }, { subresource: 'status', signal })
    }
    written()
    await editMetadata(ports, canary, step.metadata, signal)
    await keepReleases(ports, notes, signal)
    return { kind: 'done' }
  } catch (error) {
    if (isLostRace(error)) return { kind: 'again', because: error.message }
    if (isRefusal(error)) return { kind: 'refused', because: error.message }
    throw error
  }
}

/** Records an Event and tells who listens, event webhooks among them. */
export async function tellEvent(
  ports: RolloutPorts,
  canary: KubeObject,
  told: Extract<Announcement, { kind: 'event' }>,
  signal: AbortSignal
): Promise<void> {
  const message = printable(told.message)
  await ports.events.record(canary, told.type, message, signal)
  for (const listener of ports.listeners) listener.told?.({ canary, type: told.type, message, phase: told.phase }, signal)
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
async function tellSkipped({ log, events }: RolloutPorts, canary: KubeObject, because: string, signal: AbortSignal): Promise<void> {
  log(`canary ${canary.metadata.namespace}/${canary.metadata.name}: ${because}`)
  await events.record(canary, 'Warning', because, signal)
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
  const { resource, namespace, name, patch } = write
  await client.patch({ ...resource, namespace, name }, patch, { signal })
}

// Post-rollout webhooks run in order; the first one that fails ends them (flagger.md 1.6).
async function tell(ports: RolloutPorts, canary: KubeObject, announcements: readonly Announcement[], signal: AbortSignal): Promise<void> {
  let failed = false
  for (const told of announcements) {
    if (told.kind === 'event') {
      await tellEvent(ports, canary, told, signal)
      continue
    }
    if (failed) continue
    const answer = judgeHook(await callHook(ports, told.call, signal))
    failed = answer.kind !== 'yes'
    const message = answer.kind === 'yes' ? told.passed : `${told.failed} ${answer.because}`
    await tellEvent(ports, canary, { kind: 'event', type: failed ? 'Warning' : 'Normal', message, phase: told.phase }, signal)
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
