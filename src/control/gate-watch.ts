// Watches running rollouts between their ticks: reads the counters of both versions every few seconds, shows them to the gate, and has a
// Canary ticked when the gate wants something of it. Owns the gates; a controller that starts again goes on from what the Release has.

import type { KubeObject } from '../api/object.ts'
import type { ReleaseStatus } from '../api/serin-kinds.ts'
import { savedGate } from '../gate/saved.ts'
import type { ServiceName, VersionPair } from '../gate/served.ts'
import { isCounted } from '../gate/settings.ts'
import { savedTrace } from '../gate/trace.ts'
import { ApiError } from '../kube/kube-client.ts'
import { keyOfObject } from '../kube/reflector.ts'
import { BASELINE } from '../canary/baseline-asked.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { optionName } from '../canary/gate-options.ts'
import { type Asked, askedIn, type GateRequest, gateRequestOf, requestAsked } from '../canary/gate-request.ts'
import { isComparable } from '../canary/pace.ts'
import type { Plan } from '../canary/plan.ts'
import { exposureField } from '../rollout/release-exposure.ts'
import { releaseName } from '../rollout/release.ts'
import { shareOf } from '../rollout/stages.ts'
import { standingOf } from '../rollout/state.ts'
import { type Versions, versionsOf } from '../objects/versions.ts'
import {
  evidenceOf,
  exposureIn,
  newWatching,
  startOf,
  type StreamReading,
  type Watching,
  withCounters,
  withHistory,
  withOwnBaseline,
  withoutCounters,
  withTrace,
  withUsers,
  withWeight
} from '../rollout/watching.ts'
import { RESOURCES } from '../objects/write.ts'
import { wait, type Millis } from '../std/clock.ts'
import { dig, sameJson } from '../std/json.ts'
import type { CounterSource } from './counter-source.ts'
import { GateStreams } from './gate-streams.ts'
import type { RolloutListener, Ticked } from './rollout-listener.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import type { Evidence } from '../gate/evidence.ts'

/** What it is made of. */
export interface GateWatchPorts extends Pick<RolloutPorts, 'client' | 'clock' | 'log' | 'series' | 'settings' | 'evidenceEvery'> {
  readonly counters: CounterSource
}

interface Watched {
  readonly uid: string
  readonly revision: string
  readonly release: string
  readonly names: { readonly canary: string; readonly stable: string }
  readonly stop: AbortController
  /** The latest readings of the streams that others count. */
  streams: readonly StreamReading[]
  watching: Watching
  evidence: Evidence | undefined
  /** The kind of evidence that the Canary was last touched for. */
  touchedFor: Evidence['kind'] | undefined
  /** Whether a look has been taken since it is of this kind and about this weight. */
  heard: boolean
  // When it was last kept, what the gate said then, and its evidence.
  saved: Kept
}

interface Kept {
  readonly at: Millis
  readonly what: string
  readonly evidence: number
}

/** What an earlier controller left of a gate. */
interface Saved {
  readonly gate: string
  readonly chart: string | undefined
  readonly asked: Asked | undefined
  readonly users: number
}

/** Has the Canary `namespace/name` ticked: at once, breaking off a tick that waits for answers, or after it. */
export type Touch = (key: string, when: 'at once' | 'next') => void

/** Who counts a stream is asked of it no more often than this, however often the gate looks. */
const STREAMS_EVERY: Millis = 5_000

// No more often than there is something new to see.
function asSeldom(request: GateRequest, { interval, finest }: CounterSource): GateRequest & { readonly look: Millis } {
  return { ...request, look: Math.max(request.look ?? interval, finest) }
}

const SAVED_EVERY: Millis = 30_000
// However often is looked, the API is written to no more often than this, but for what is acted on: that is sent before the act.
const SAVED_LEAST: Millis = 5_000
// Evidence that has grown threefold is kept: little of it is lost with a controller, and who looks sees it rise.
const MUCH_EVIDENCE = Math.log(3)

/** The gates of all running rollouts. */
export class GateWatch implements RolloutListener {
  readonly #ports: GateWatchPorts
  readonly #touch: Touch
  readonly #watched = new Map<string, Watched>()
  readonly #failed = Promise.withResolvers<never>()

  /** `touch`: the Canary `namespace/name` is to be ticked, if need be before what it asks has been answered. */
  constructor(ports: GateWatchPorts, touch: Touch) {
    this.#ports = ports
    this.#touch = touch
    // A bug may come before anyone waits for it.
    this.#failed.promise.catch(() => undefined)
  }

  /** Rejects for a bug. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /** What the gate says of the revision that the Canary has on its way; undefined where it says nothing. */
  evidenceOf(canary: KubeObject): ClusterView['evidence'] {
    const watched = this.#watched.get(keyOfObject(canary))
    if (watched?.evidence === undefined || watched.uid !== canary.metadata.uid) return undefined
    const { evidence, heard, revision, watching } = watched
    return { ...evidence, revision, news: !heard, start: startOf(watching, this.#lookOf(watched)) }
  }

  ticked({ tick, step }: Ticked, signal: AbortSignal): void {
    const { canary, finding, cluster } = tick
    const { plan } = finding
    const key = keyOfObject(canary)
    const running = step.state.phase === 'progressing' || step.state.phase === 'waiting-promotion'
    const { request } = running && isComparable(canary, plan) ? gateRequestOf(canary, cluster.gateConfig) : { request: undefined }
    if (request === undefined) return this.#end(key, signal)
    const revision = standingOf(step.state).applied
    const now = this.#ports.clock.now()
    const known = this.#watched.get(key)
    if (known?.uid !== plan.uid || known.revision !== revision || !sameJson(known.watching.plan.baseline, plan.baseline)) {
      this.#forget(key)
      const watching = newWatching(plan, asSeldom(request, this.#ports.counters), this.#ports.counters.edges, now)
      const release = releaseName(plan, revision)
      this.#begin(key, { uid: plan.uid, revision, release, names: namesOf(cluster, plan), watching }, signal)
    }
    const watched = this.#watched.get(key)
    if (watched === undefined) return
    if (step.look === 'taken' && isSame(cluster.evidence, watched.evidence)) watched.heard = true
    const seen = withOwnBaseline(watched.watching, cluster.baselineWorkload)
    watched.watching = withWeight(seen, shareOf(plan, step.state), now, plan)
    this.#judge(watched)
  }

  gone(canary: KubeObject): void {
    this.#forget(keyOfObject(canary))
  }

  // The account is settled: what was kept last may be half a minute old.
  #end(key: string, signal: AbortSignal): void {
    const watched = this.#watched.get(key)
    this.#forget(key)
    if (watched?.watching.gate === undefined) return
    this.#patchRelease(watched, exposureField(exposureIn(watched.watching)), signal).catch((error: unknown) => {
      if (!signal.aborted) this.#failed.reject(error)
    })
  }

  #forget(key: string): void {
    this.#watched.get(key)?.stop.abort()
    this.#watched.delete(key)
  }

  #begin(key: string, what: Pick<Watched, 'uid' | 'revision' | 'release' | 'names' | 'watching'>, signal: AbortSignal): void {
    const stop = new AbortController()
    const watched: Watched = {
      ...what,
      stop,
      streams: [],
      evidence: undefined,
      heard: false,
      touchedFor: undefined,
      saved: { at: this.#ports.clock.now(), what: '', evidence: 0 }
    }
    this.#watched.set(key, watched)
    const either = AbortSignal.any([signal, stop.signal])
    this.#follow(key, watched, either).catch((error: unknown) => {
      if (!either.aborted) this.#failed.reject(error)
    })
  }

  async #follow(key: string, watched: Watched, signal: AbortSignal): Promise<never> {
    const { clock } = this.#ports
    const query = versionsIn(watched.watching.plan)
    const streams = new GateStreams(this.#ports, watched.watching.plan)
    await this.#recall(watched, streams, signal)
    // Whoever counts them may be slow: nothing else waits for it.
    this.#followStreams(watched, streams, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#failed.reject(error)
    })
    for (;;) {
      await this.#look(key, watched, query, signal)
      await wait(clock, this.#lookOf(watched), signal)
    }
  }

  async #followStreams(watched: Watched, source: GateStreams, signal: AbortSignal): Promise<void> {
    const { clock, counters, log } = this.#ports
    const { request, plan } = watched.watching
    let before = ''
    while (request.streams.length > 0) {
      watched.streams = await Promise.all(request.streams.map((stream) => source.read(stream, signal)))
      const troubles = watched.streams.flatMap((each) => (each.kind === 'unread' ? [`stream ${each.name}: ${each.because}`] : []))
      const now = troubles.join('; ')
      if (now !== before && now !== '') log(`canary ${plan.namespace}/${plan.name}: ${now}`)
      before = now
      await wait(clock, Math.max(request.look ?? counters.interval, STREAMS_EVERY), signal)
    }
  }

  async #look(key: string, watched: Watched, query: VersionPair, signal: AbortSignal): Promise<void> {
    const { clock, counters } = this.#ports
    const reading = await counters.read({ ...query, edges: edgesIn(watched.watching) }, signal)
    const now = clock.now()
    const isNew = reading.kind === 'read' && reading.at > watched.watching.baseline.at
    const unread = reading.kind === 'read' ? '' : reading.because
    watched.watching = isNew ? withCounters(watched.watching, reading, watched.streams) : withoutCounters(watched.watching, now, unread)
    const kind = this.#judge(watched)
    // Not by what was judged last: a tick judges too, when it has given another weight or ladder, and has no use of it any more.
    const isNews = kind !== watched.touchedFor
    watched.touchedFor = kind
    if (kind !== undefined && isNews) this.#touch(key, kind === 'rollback' || kind === 'retreat' ? 'at once' : 'next')
    await this.#save(watched, now, signal)
  }

  #lookOf({ watching: { request } }: Watched): Millis {
    return request.look ?? this.#ports.counters.interval
  }

  #judge(watched: Watched): Evidence['kind'] | undefined {
    const { evidence: before, watching, names } = watched
    const evidence = evidenceOf(watching, { ...names, look: this.#lookOf(watched) })
    if (!isSame(before, evidence)) watched.heard = false
    watched.evidence = evidence
    return evidence?.kind
  }

  // What stable did before, and what an earlier controller left.
  async #recall(watched: Watched, streams: GateStreams, signal: AbortSignal): Promise<void> {
    const { counters } = this.#ports
    const saved = await this.#savedGate(watched, signal)
    const request = saved?.asked === undefined ? watched.watching.request : asSeldom(requestAsked(saved.asked), counters)
    const events = request.streams.map(async (stream) => [stream.name, await streams.history(stream, signal)] as const)
    const [slices, before] = await Promise.all([counters.history(primaryOf(watched.watching.plan), signal), Promise.all(events)])
    const known = withTrace(withHistory({ ...watched.watching, request }, slices, saved?.gate, new Map(before)), saved?.chart)
    watched.watching = withUsers(known, saved?.users ?? 0)
    const { gate, weight } = watched.watching
    // What is kept already is not kept again before it has changed.
    if (saved !== undefined && gate !== undefined) {
      watched.saved = { at: this.#ports.clock.now(), what: `${gate.verdict.kind} ${weight}`, evidence: gate.evidence }
    }
  }

  async #savedGate({ watching: { plan }, release }: Watched, signal: AbortSignal): Promise<Saved | undefined> {
    const found = await this.#quietly(() =>
      this.#ports.client.get({ ...RESOURCES.releases, namespace: plan.namespace, name: release }, { signal })
    )
    const [gate, chart] = ['gate', 'chart'].map((field) => dig(found, 'status', field))
    if (typeof gate !== 'string' || dig(found, 'status', 'outcome') !== 'running') return undefined
    const users = dig(found, 'status', 'exposure', 'users')
    return {
      gate,
      chart: typeof chart === 'string' ? chart : undefined,
      asked: askedIn(dig(found, 'status')),
      users: typeof users === 'number' ? users : 0
    }
  }

  async #save(watched: Watched, now: Millis, signal: AbortSignal): Promise<void> {
    const { watching, evidence, saved } = watched
    const { gate, trace, request } = watching
    if (gate === undefined || trace === undefined || evidence === undefined) return
    const current = { at: now, what: `${evidence.kind} ${watching.weight}`, evidence: gate.evidence }
    const isActedOn = evidence.kind !== 'hold' && current.what !== saved.what
    if (!isActedOn && !isDue(saved, current, this.#ports.evidenceEvery ?? SAVED_EVERY)) return
    watched.saved = current
    const status = {
      gate: savedGate(gate),
      chart: savedTrace(trace),
      evidence: evidence.sentence,
      asked: { ...request.asked, ...baselineAsked(watching.plan) },
      ...exposureField(exposureIn(watching))
    }
    await this.#patchRelease(watched, status, signal)
  }

  async #patchRelease({ watching: { plan }, release }: Watched, status: Partial<ReleaseStatus>, signal: AbortSignal): Promise<void> {
    const key = { ...RESOURCES.releases, namespace: plan.namespace, name: release }
    await this.#quietly(() => this.#ports.client.patch(key, { kind: 'merge', body: { status } }, { signal }))
  }

  // What is not kept is known again a moment later, or after a restart not at all: no rollout waits for it.
  async #quietly<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 404) this.#ports.log(`keeping the evidence of a rollout: ${error.message}`)
      return undefined
    }
  }
}

// At each change of what it says and of the weight, when much has been learned, and every so often.
function isDue(saved: Kept, current: Kept, every: Millis): boolean {
  const since = current.at - saved.at
  const isNews = current.what !== saved.what || current.evidence - saved.evidence >= MUCH_EVIDENCE
  return since >= SAVED_LEAST && (isNews || since >= every)
}

function isSame(one: Evidence | undefined, other: Evidence | undefined): boolean {
  return one?.kind === other?.kind && one?.weight === other?.weight
}

// What a look takes of durations.
function edgesIn({ asked }: Watching): readonly Millis[] {
  return (asked?.settings.streams ?? []).flatMap(({ bad }) => (bad === 'failed' || isCounted(bad) ? [] : [bad.slowerThan]))
}

// What the counts are of is told beside them; a controller that starts again has it from the Canary.
function baselineAsked({ baseline }: Plan): Asked {
  return baseline.kind === 'primary' ? {} : { [optionName(BASELINE)]: baseline.kind === 'fresh' ? 'fresh' : baseline.name }
}

// A workload of somebody's own is told by its name: it need not be of the version that the primary runs.
function namesOf(cluster: ClusterView, { baseline }: Plan): Versions {
  const versions = versionsOf(cluster)
  return baseline.kind === 'workload' ? { ...versions, stable: baseline.name } : versions
}

function versionsIn({ namespace, apex, baseline }: Plan): VersionPair {
  const stable = (): VersionPair['stable'] => {
    switch (baseline.kind) {
      case 'primary':
      case 'fresh':
        return { kind: 'service', name: `${apex}-${baseline.kind === 'fresh' ? 'baseline' : 'primary'}` }
      case 'workload':
        return { kind: 'workload', name: baseline.name }
    }
  }
  return { namespace, canaryService: `${apex}-canary`, stable: stable() }
}

// What stable did before is the primary's to tell, whatever an analysis compares with.
function primaryOf({ namespace, apex }: Plan): ServiceName {
  return { namespace, service: `${apex}-primary` }
}
