// One tick of one Canary: read, observe, ask, step, apply.

import type { KubeObject } from '../api/object.ts'
import { questionsFor } from '../rollout/ask.ts'
import type { ClusterView } from '../rollout/cluster-view.ts'
import { noticesOf, noticeText } from '../rollout/notices.ts'
import { planOf } from '../rollout/plan.ts'
import { notesOf } from '../rollout/release.ts'
import { rivalOf } from '../rollout/rivals.ts'
import { render } from '../rollout/render.ts'
import { readState } from '../rollout/state.ts'
import { findingOf } from '../rollout/situation.ts'
import { stepOf } from '../rollout/step.ts'
import { RESOURCES } from '../rollout/write.ts'
import type { Millis } from '../std/clock.ts'
import { apply, tellEvent } from './rollout-apply.ts'
import { observe, type Sources } from './rollout-observe.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { putQuestions } from './rollout-questions.ts'

/** What the loop remembers of a Canary between ticks; losing it costs at most a repeated notice. */
export interface Memory {
  readonly lookedAt: Millis | undefined
  /** The notices given last, with the uid they were given for. */
  readonly noticed: string
}

export const NO_MEMORY: Memory = { lookedAt: undefined, noticed: '' }

/** gone; or when to look again and what to remember. */
export type TickResult = { readonly kind: 'gone' } | { readonly kind: 'ticked'; readonly wake: Millis; readonly memory: Memory }

// Long enough that two writers who keep meeting do not spin.
const AFTER_LOST_RACE: Millis = 100

/** The Canary to tick, Canaries that may want the same objects, and who hears which ConfigMaps and Secrets it reads (`resource/name`). */
export interface Ticked {
  readonly namespace: string
  readonly name: string
  readonly others: readonly KubeObject[]
  readonly reading: (names: readonly string[]) => void
}

/** Runs one tick. Rejects with ApiError when the API fails. */
export async function tick(
  ports: RolloutPorts,
  { namespace, name, others, reading }: Ticked,
  memory: Memory,
  signal: AbortSignal
): Promise<TickResult> {
  const canary = await ports.client.get({ ...RESOURCES.canaries, namespace, name }, { signal })
  if (canary === undefined) return { kind: 'gone' }
  const plan = planOf(canary)
  const state = readState(canary['status'])
  const rival = rivalOf(canary, others)
  const sources: Sources = { client: ports.client, configs: ports.trackConfigs === false ? 'none' : { reading } }
  const cluster = await observe(sources, canary, { now: ports.clock.now(), lookedAt: memory.lookedAt, rival, labels: ports.labels }, signal)
  const noticed = await giveNotices(ports, canary, cluster, { before: memory.noticed, signal })
  const finding = findingOf(canary, state, cluster)
  const questions = questionsFor(finding, canary, cluster)
  const answers = await putQuestions(ports, questions, plan.noData, signal)
  const ticking = { canary, cluster, finding, questions, answers }
  const step = stepOf(ticking)
  const writes = render(canary, step, cluster)
  const written = (): void => {
    const took = ports.clock.now() - cluster.now
    for (const listener of ports.listeners) listener.ticked?.({ tick: ticking, step, took }, signal)
  }
  const notes = notesOf(ticking, step, { writes, first: memory === NO_MEMORY })
  const applied = await apply(ports, canary, { step, writes, notes, written }, signal)
  if (applied.kind === 'again') {
    ports.log(`canary ${namespace}/${name}: ${applied.because}; looking again`)
    return { kind: 'ticked', wake: AFTER_LOST_RACE, memory: { ...memory, noticed } }
  }
  if (applied.kind === 'refused') {
    await tellRefusal(ports, canary, applied.because, signal)
    // Webhooks and metrics are not asked again before the next look.
    return { kind: 'ticked', wake: plan.interval, memory: { lookedAt: cluster.now, noticed } }
  }
  const lookedAt = step.look === 'none' ? memory.lookedAt : step.look === 'taken' ? cluster.now : undefined
  return { kind: 'ticked', wake: step.wake, memory: { lookedAt, noticed } }
}

// A Canary that was deleted meanwhile is refused too; of that there is nothing to tell.
async function tellRefusal(ports: RolloutPorts, canary: KubeObject, because: string, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '' } = canary.metadata
  if ((await ports.client.get({ ...RESOURCES.canaries, namespace, name }, { signal })) === undefined) return
  ports.log(`canary ${namespace}/${name}: ${because}`)
  const { phase } = readState(canary['status'])
  await tellEvent(ports, canary, { kind: 'event', type: 'Warning', message: because, phase }, signal)
}

async function giveNotices(
  ports: RolloutPorts,
  canary: KubeObject,
  cluster: ClusterView,
  { before, signal }: { readonly before: string; readonly signal: AbortSignal }
): Promise<string> {
  const notices = noticesOf(canary, cluster)
  const edition = JSON.stringify([canary.metadata.uid, notices])
  if (edition === before) return before
  const { phase } = readState(canary['status'])
  for (const notice of notices) {
    const message = noticeText(canary, notice)
    ports.log(message)
    await tellEvent(ports, canary, { kind: 'event', type: 'Warning', message, phase }, signal)
  }
  return edition
}
