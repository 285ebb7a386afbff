// `serin promote|pause|resume|abort|retry|restart`: a request as an annotation of the Canary, and what became of it.

import type { KubeObject } from '../api/object.ts'
import { ApiError, type ObjectKey } from '../kube/kube-client.ts'
import { ASKED_BY, ASKED_UNTIL, REQUESTS, RETRIED } from '../rollout/requests.ts'
import { phaseName, type Phase, readState, standingOf } from '../rollout/state.ts'
import { RESOURCES } from '../objects/write.ts'
import { type Millis, wait } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import { dig } from '../std/json.ts'
import { plainText } from './plain-text.ts'
import { EXIT, notFound, RolloutError } from './rollout-end.ts'
import type { Verb, VerbOptions } from './rollout-options.ts'
import type { RolloutIo } from './rollout-status.ts'

const LOOK: Millis = 200

// What each verb writes; null removes. Who promotes does not want the pause that stood in the way.
const ANNOTATIONS: Readonly<Record<Verb, Readonly<Record<string, 'true' | null>>>> = {
  promote: { [REQUESTS.promote]: 'true', [REQUESTS.pause]: null },
  pause: { [REQUESTS.pause]: 'true' },
  resume: { [REQUESTS.pause]: null },
  abort: { [REQUESTS.abort]: 'true' },
  retry: { [REQUESTS.retry]: 'true' },
  restart: { [REQUESTS.restart]: 'true' }
}

const DONE: Readonly<Record<Verb, string>> = {
  promote: 'promoted',
  pause: 'paused',
  resume: 'resumed',
  abort: 'aborted',
  retry: 'taken up again',
  restart: 'restarted'
}

// Phases in which a verb has something to act on, and those it leads to.
const RUNNING: readonly Phase[] = ['waiting', 'progressing', 'waiting-promotion', 'promoting', 'finalising']
const FROM: Readonly<Record<Verb, readonly Phase[]>> = {
  promote: RUNNING,
  pause: RUNNING,
  resume: RUNNING,
  abort: RUNNING,
  retry: ['failed'],
  restart: ['progressing', 'waiting-promotion']
}
const TO: Readonly<Record<Verb, readonly Phase[]>> = {
  promote: ['promoting', 'finalising', 'succeeded'],
  pause: RUNNING,
  resume: RUNNING,
  abort: ['failed'],
  retry: ['waiting', 'progressing', 'waiting-promotion', 'promoting', 'finalising', 'succeeded'],
  restart: ['progressing']
}

/** Asks and, unless the timeout is 0, waits for what comes of it. Resolves with the exit status; rejects with what `failureOf` knows. */
export async function runVerb({ verb, name, timeout, holds }: VerbOptions, io: RolloutIo): Promise<number> {
  const key: ObjectKey = { ...RESOURCES.canaries, name, namespace: io.namespace ?? 'default' }
  const { before, asked } = await ask(key, { verb, holds }, io)
  const who = plainText(`canary.flagger.app/${name}`)
  if (verb === 'resume') {
    const paused = before.metadata.annotations?.[REQUESTS.pause] === 'true'
    io.print([{ text: paused ? `${who} resumed` : `${who} was not paused`, tone: 'plain' }])
    return paused ? EXIT.done : EXIT.refused
  }
  if (timeout === 0) {
    io.print([{ text: `${who} asked to ${verb}`, tone: 'plain' }])
    return EXIT.done
  }
  const after = verb === 'pause' ? await settled(key, asked, io) : await actedOn(key, verb, { timeout, io })
  if (!happened(verb, before, after)) {
    const phase = phaseName(readState(after['status']).phase) || 'Pending'
    throw new RolloutError(EXIT.refused, `nothing to ${verb}: ${who} is ${phase}`)
  }
  io.print([{ text: `${who} ${DONE[verb]}`, tone: 'plain' }])
  return EXIT.done
}

// The Canary before and after the annotations are there. Whether a pause holds is seen afterwards: it needs no look before.
async function ask(
  key: ObjectKey,
  { verb, holds }: Pick<VerbOptions, 'verb' | 'holds'>,
  io: RolloutIo
): Promise<{ readonly before: KubeObject; readonly asked: KubeObject }> {
  const looks = verb === 'pause' ? undefined : read(key, io)
  const [before, signed] = await Promise.all([looks, verb === 'resume' ? NOBODY : signature(holds, io)])
  const body = { metadata: { annotations: { ...ANNOTATIONS[verb], ...signed } } }
  const asked = await io.client.patch(key, { kind: 'merge', body }, { signal: io.signal }).catch((error: unknown) => {
    throw error instanceof ApiError && error.status === 404 ? notFound(key.namespace, key.name) : error
  })
  return { before: before ?? asked, asked }
}

const NOBODY = { [ASKED_BY]: null, [ASKED_UNTIL]: null }
const SELF = { group: 'authentication.k8s.io', version: 'v1', resource: 'selfsubjectreviews' }

// The name by which the API knows the caller, as kubectl auth whoami has it; nobody where it does not say.
async function signature(
  holds: Millis | undefined,
  { client, clock, signal }: RolloutIo
): Promise<Readonly<Record<string, string | null>>> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} }
  const answer = await client.create(SELF, review, { signal }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) return undefined
    throw error
  })
  const by = dig(answer, 'status', 'userInfo', 'username')
  return {
    [ASKED_BY]: typeof by === 'string' && by !== '' ? by : null,
    [ASKED_UNTIL]: holds === undefined ? null : formatInstant(clock.now() + holds)
  }
}

async function read(key: ObjectKey, { client, signal }: RolloutIo): Promise<KubeObject> {
  const canary = await client.get(key, { signal })
  if (canary === undefined) throw notFound(key.namespace, key.name)
  return canary
}

interface Waiting {
  readonly timeout: Millis
  readonly io: RolloutIo
}

// The controller removes a request once it was acted on.
async function actedOn(key: ObjectKey, verb: Exclude<Verb, 'pause' | 'resume'>, { timeout, io }: Waiting): Promise<KubeObject> {
  const end = io.clock.now() + timeout
  for (;;) {
    const canary = await read(key, io)
    if (canary.metadata.annotations?.[REQUESTS[verb]] === undefined) return canary
    if (io.clock.now() >= end) {
      const phase = phaseName(readState(canary['status']).phase) || 'Pending'
      throw new RolloutError(
        EXIT.timedOut,
        `asked to ${verb}, and nobody has acted on it in ${timeout / 1000} s (phase ${phase}): its pods may not be ready, it may be suspended, or no Serin controller runs there; the request stays`
      )
    }
    await wait(io.clock, LOOK, io.signal)
  }
}

// A pause stays where there is something to pause; a controller takes it away within a second where there is not.
async function settled(key: ObjectKey, asked: KubeObject, io: RolloutIo): Promise<KubeObject> {
  let canary = asked
  for (let looks = 0; looks < 5 && !RUNNING.includes(readState(canary['status']).phase); looks++) {
    if (canary.metadata.annotations?.[REQUESTS.pause] === undefined) return canary
    await wait(io.clock, LOOK, io.signal)
    canary = await read(key, io)
  }
  return canary
}

function happened(verb: Verb, before: KubeObject, after: KubeObject): boolean {
  const [from, to] = [readState(before['status']), readState(after['status'])]
  if (verb === 'pause') return after.metadata.annotations?.[REQUESTS.pause] === 'true'
  if (verb === 'retry' && to.phase === 'failed') return standingOf(to).applied === RETRIED
  // After a promotion that failed an abort restores the primary: still failed, for another cause.
  if (verb === 'abort' && from.phase === 'failed' && to.phase === 'failed') return from.weight === 100 && to.because !== from.because
  // What came in between counts: a revision may have been taken up since the first look.
  return TO[verb].includes(to.phase) && (FROM[verb].includes(from.phase) || from.phase !== to.phase)
}
