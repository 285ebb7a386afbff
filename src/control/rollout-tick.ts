// One tick of one Canary: read, observe, ask, step, apply. Where there is nothing to do it ends after the first look (decisions/088).

import type { KubeObject } from '../api/object.ts'
import type { ApiError, KubeClient } from '../kube/kube-client.ts'
import { questionsFor } from '../rollout/ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { type Contest, NO_CONTEST } from '../rollout/contest.ts'
import { noticesOf, noticeText } from '../canary/notices.ts'
import { notesOf } from '../rollout/release.ts'
import { rivalOf } from '../canary/rivals.ts'
import { render } from '../rollout/render.ts'
import type { Finding } from '../rollout/situation.ts'
import { readState } from '../rollout/state.ts'
import { stepOf } from '../rollout/step.ts'
import type { Step, Tick } from '../rollout/tick.ts'
import { RESOURCES } from '../objects/write.ts'
import type { Millis } from '../std/clock.ts'
import { keepReleases } from './release-keeper.ts'
import { apply, tellEvent, writesCanary } from './rollout-apply.ts'
import { answersUnless, heed, type Patiently } from './rollout-asking.ts'
import { type Contended, findContended, heedDrift, mendRoutes, mustMend } from './rollout-drift.ts'
import { observe } from './rollout-observe.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { putQuestions } from './rollout-questions.ts'

/** What the loop remembers of a Canary between ticks; losing it costs at most a repeated notice. */
export interface Memory {
  readonly lookedAt: Millis | undefined
  /** The notices given last, with the uid they were given for. */
  readonly noticed: string
  /** How often routes that others changed were put right. */
  readonly contest: Contest
}

export const NO_MEMORY: Memory = { lookedAt: undefined, noticed: '', contest: NO_CONTEST }

/** gone; when to look again and what to remember; or that the API failed in the middle of the writes. */
export type TickResult =
  | { readonly kind: 'gone' }
  | { readonly kind: 'ticked'; readonly wake: Millis; readonly memory: Memory }
  | { readonly kind: 'failed'; readonly error: ApiError; readonly memory: Memory }

// Long enough that two writers who keep meeting do not spin.
const AFTER_LOST_RACE: Millis = 100

/** The Canary to tick, Canaries that may want the same objects, what the watches know, and who hears which ConfigMaps and Secrets it reads. */
export interface Ticked {
  readonly namespace: string
  readonly name: string
  readonly others: readonly KubeObject[]
  readonly glimpses: Pick<KubeClient, 'get'>
  /** Told of `resource/name`. */
  readonly reading: (names: readonly string[]) => void
  /** Ends the questions: the Canary wants something else by now. */
  readonly interrupted: AbortSignal
  /** Hears of each change of an object that it reads, for as long as it acts. */
  readonly seeing: (hear: (() => void) | undefined) => void
  /** What the gate says of it. */
  readonly evidence: (canary: KubeObject) => ClusterView['evidence']
}

/**
 * Runs one tick. What the watches know tells whether there is anything to do; what is done is concluded from what the API itself says.
 * Rejects with ApiError when the API fails before the first write.
 */
export async function tick(ports: RolloutPorts, ticked: Ticked, memory: Memory, signal: AbortSignal): Promise<TickResult> {
  const quiet = await glance(ports, ticked, memory, signal)
  if (quiet !== undefined) return quiet
  // From before anything is read.
  const { seeing, end } = heed(ticked.seeing)
  try {
    return await act(ports, { ...ticked, seeing }, memory, signal)
  } finally {
    end()
  }
}

/** What else cannot wait for answers. */
type Besides = (now: Contended) => boolean

interface Prepared {
  readonly tick: Omit<Tick, 'answers'>
  readonly contended: Contended
}

// undefined: there is no such Canary.
async function prepare(
  ports: RolloutPorts,
  {
    namespace,
    name,
    others,
    reading,
    evidence,
    client
  }: Omit<Ticked, 'glimpses' | 'interrupted' | 'seeing'> & { readonly client: Ticked['glimpses'] },
  memory: Memory,
  signal: AbortSignal
): Promise<Prepared | undefined> {
  const canary = await client.get({ ...RESOURCES.canaries, namespace, name }, { signal })
  if (canary === undefined) return undefined
  const moment = {
    now: ports.clock.now(),
    lookedAt: memory.lookedAt,
    rival: rivalOf(canary, others),
    labels: ports.labels,
    evidence: evidence(canary),
    ...(ports.counters === undefined ? { counters: 'none' as const } : {})
  }
  const seen = await observe({ client, configs: ports.trackConfigs === false ? 'none' : { reading } }, canary, moment, signal)
  const contended = findContended(canary, readState(canary['status']), seen, memory.contest)
  const { cluster, finding } = contended
  return { contended, tick: { canary, cluster, finding, questions: questionsFor(finding, canary, cluster) } }
}

// The tick of a Canary of which there is nothing to ask, write or tell; undefined where there is, or may be.
async function glance(ports: RolloutPorts, ticked: Ticked, memory: Memory, signal: AbortSignal): Promise<TickResult | undefined> {
  const prepared = await prepare(ports, { ...ticked, client: ticked.glimpses }, memory, signal)
  if (prepared === undefined || prepared.tick.questions.length > 0) return undefined
  const { canary, cluster } = prepared.tick
  const notices = noticesOf(canary, cluster)
  const noticed = editionOf(canary, notices)
  if (notices.length > 0 && noticed !== memory.noticed) return undefined
  const looked: Tick = { ...prepared.tick, answers: [] }
  const concluded = stepOf(looked)
  const writes = render(canary, concluded, cluster)
  const { step, contest, drifts } = heedDrift(prepared.contended, concluded, writes)
  if (writes.length > 0 || step.announcements.length > 0 || writesCanary(canary, step, cluster.now)) return undefined
  tellTicked(ports, looked, step, signal)
  await keepReleases(ports, notesOf(looked, step, { writes, first: memory === NO_MEMORY, drifts }), signal)
  return { kind: 'ticked', wake: step.wake, memory: { lookedAt: lookedAfter(step, cluster, memory), noticed, contest } }
}

async function act(ports: RolloutPorts, ticked: Ticked, memory: Memory, signal: AbortSignal): Promise<TickResult> {
  const prepared = await prepare(ports, { ...ticked, client: ports.client }, memory, signal)
  if (prepared === undefined) return { kind: 'gone' }
  const { canary, cluster, finding } = prepared.tick
  const { plan } = finding
  const noticed = giveNotices(ports, canary, cluster, { before: memory.noticed, signal })
  const unasked: Tick = { ...prepared.tick, answers: [] }
  const mended = mendRoutes(unasked, prepared.contended)
  const questions = mended === undefined ? prepared.tick.questions : []
  const patient = asking(ports, ticked, { memory, asked: finding, signal })
  const answers = await patient((now) => isUrgent(now, finding))((stop) => putQuestions(ports, questions, plan.noData, stop))
  // What was asked so far is asked again, by a tick that sees what came.
  if (answers === 'interrupted') return { kind: 'ticked', wake: 0, memory: { ...memory, noticed } }
  const ticking: Tick = { ...unasked, answers }
  const concluded = mended ?? stepOf(ticking)
  const { step, writes, contest, drifts } = heedDrift(prepared.contended, concluded, render(canary, concluded, cluster))
  const written = (): void => tellTicked(ports, ticking, step, signal)
  const notes = notesOf(ticking, step, { writes, first: memory === NO_MEMORY, drifts })
  const applied = await apply(ports, canary, { step, writes, notes, written, patiently: patient(() => false) }, signal)
  switch (applied.kind) {
    case 'again':
      ports.log(`canary ${plan.namespace}/${plan.name}: ${applied.because}; looking again`)
      return { kind: 'ticked', wake: AFTER_LOST_RACE, memory: { ...memory, noticed } }
    case 'failed':
      // The status may be written although the answer was lost: then its own time says when to look next.
      return { ...applied, memory: { lookedAt: undefined, noticed, contest } }
    case 'refused':
      await tellRefusal(ports, canary, applied.because, signal)
      // Webhooks and metrics are not asked again before the next look.
      return { kind: 'ticked', wake: plan.interval, memory: { lookedAt: cluster.now, noticed, contest } }
    case 'done':
      return { kind: 'ticked', wake: step.wake, memory: { lookedAt: lookedAfter(step, cluster, memory), noticed, contest } }
  }
}

function asking(
  ports: RolloutPorts,
  ticked: Ticked,
  { memory, asked, signal }: { readonly memory: Memory; readonly asked: Finding; readonly signal: AbortSignal }
): (besides: Besides) => Patiently {
  const { interrupted, seeing, glimpses } = ticked
  return (besides) => {
    const isOther = async (client: Ticked['glimpses'], stop: AbortSignal): Promise<boolean> => {
      const now = await prepare(ports, { ...ticked, client }, memory, stop)
      return now === undefined || now.contended.finding.revision !== asked.revision || besides(now.contended)
    }
    // The watches may be behind what this tick has read: the API itself says.
    const changed = async (stop: AbortSignal): Promise<boolean> => (await isOther(glimpses, stop)) && isOther(ports.client, stop)
    return (put) => answersUnless({ put, interrupted, seeing, changed }, signal)
  }
}

// Beside another revision: requests that are led elsewhere, and anything else to do but to wait for pods, which come and go.
function isUrgent(now: Contended, { situation }: Finding): boolean {
  const { kind } = now.finding.situation
  return mustMend(now) || (kind !== situation.kind && kind !== 'not-ready' && kind !== 'wait')
}

function lookedAfter({ look }: Step, { now }: ClusterView, { lookedAt }: Memory): Millis | undefined {
  return look === 'none' ? lookedAt : look === 'taken' ? now : undefined
}

function tellTicked({ listeners, clock, telling }: RolloutPorts, tick: Tick, step: Step, signal: AbortSignal): void {
  const took = clock.now() - tick.cluster.now
  for (const listener of listeners) listener.ticked?.({ tick, step, took }, telling ?? signal)
}

// A Canary that was deleted meanwhile is refused too; of that there is nothing to tell.
async function tellRefusal(ports: RolloutPorts, canary: KubeObject, because: string, signal: AbortSignal): Promise<void> {
  const { namespace = '', name = '' } = canary.metadata
  if ((await ports.client.get({ ...RESOURCES.canaries, namespace, name }, { signal })) === undefined) return
  ports.log(`canary ${namespace}/${name}: ${because}`)
  const { phase } = readState(canary['status'])
  tellEvent(ports, canary, { kind: 'event', type: 'Warning', message: because, phase }, signal)
}

function giveNotices(
  ports: RolloutPorts,
  canary: KubeObject,
  cluster: ClusterView,
  { before, signal }: { readonly before: string; readonly signal: AbortSignal }
): string {
  const notices = noticesOf(canary, cluster)
  const edition = editionOf(canary, notices)
  if (edition === before) return before
  const { phase } = readState(canary['status'])
  for (const notice of notices) {
    const message = noticeText(canary, notice)
    ports.log(message)
    tellEvent(ports, canary, { kind: 'event', type: 'Warning', message, phase }, signal)
  }
  return edition
}

function editionOf({ metadata }: KubeObject, notices: ReturnType<typeof noticesOf>): string {
  return JSON.stringify([metadata.uid, notices])
}
