// The story of one simulated rollout: the whole controller, its loop, its writes and its watches over the embedded store under a virtual
// clock, with pods that get ready and the traffic of a simulated service. Nothing here decides about the rollout.

import type { RequestCounter, Served } from '../gate/served.ts'
import { USUAL_LOOK } from '../gate/settings.ts'
import type { CounterReading, CounterSource } from '../control/counter-source.ts'
import type { HookAttempt } from '../control/hook-caller.ts'
import type { MetricSource } from '../control/metric-source.ts'
import { RolloutLoop } from '../control/rollout-loop.ts'
import type { RolloutPorts } from '../control/rollout-ports.ts'
import type { HookOutcome } from '../rollout/judge.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import type { BuiltinMetric } from '../canary/metric-checks.ts'
import type { Plan } from '../canary/plan.ts'
import { conditionMessage, type Phase, readState, type RolloutState } from '../rollout/state.ts'
import { liveRouting } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import type { Millis } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import type { Change } from '../store/store-request.ts'
import { measured } from './checks.ts'
import { SimulatedCluster } from './cluster.ts'
import { LONGEST_SECONDS, type Run, type Weighed } from './lead.ts'
import type { Scenario } from './outcomes.ts'
import { LOOK_SECONDS } from './past.ts'
import { deploymentStatus, wantedPods } from './pods.ts'
import type { Rehearsed } from './rehearsed.ts'
import { SimulatedService } from './service.ts'
import { BEGIN_SECOND, POD_SECONDS, PUSH_SECONDS, SimulatedTraffic, START } from './traffic.ts'

/** What was told of the rollout, as an Event. Seconds are counted from when the canary can have traffic. */
export interface Told {
  readonly at: number
  readonly type: 'Normal' | 'Warning'
  readonly message: string
}

/** A rollout to its end, its seconds counted alike, and what was told of it. */
export interface Story extends Omit<Run, 'by'> {
  readonly told: readonly Told[]
  /** The condition that the Canary ends with. */
  readonly because: string
}

/** Plays the rollout with this seed; `slices`: what stable did before. */
export async function storyOf(rehearsed: Rehearsed, scenario: Scenario, seed: number, slices: readonly Served[]): Promise<Story> {
  const stage = new Stage(rehearsed, scenario, seed, slices)
  return stage.play()
}

/** A cluster with one Canary in it, and its traffic. Owns both. */
class Stage {
  readonly #plan: Plan
  readonly #rehearsed: Rehearsed
  readonly #cluster: SimulatedCluster
  readonly #traffic: SimulatedTraffic
  readonly #edges: readonly Millis[]
  readonly #slices: readonly Served[]
  readonly #told: (Omit<Told, 'at'> & { readonly at: Millis })[] = []
  readonly #weights: Weighed[] = []
  readonly #generations = new Map<string, number>()
  /** When the release was made. */
  #begunAt: Millis | undefined
  #weight = 0

  constructor(rehearsed: Rehearsed, { service, ...truth }: Scenario, seed: number, slices: readonly Served[]) {
    this.#rehearsed = rehearsed
    this.#plan = rehearsed.plan
    this.#slices = slices
    this.#edges = service.edges
    this.#traffic = new SimulatedTraffic(new SimulatedService(service, seeded(seed), truth))
    this.#cluster = new SimulatedCluster({ now: START, changes: [] }, (change) => this.#changed(change))
  }

  async play(): Promise<Story> {
    const { canary, target, next, config } = this.#rehearsed
    const { namespace } = this.#plan
    const stop = new AbortController()
    this.#cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    for (const object of [target, ...(config?.kind === 'found' ? [config.object] : []), canary]) this.#cluster.create(object)
    const running = new RolloutLoop(this.#ports()).run(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
    await this.#until(['initialized'])
    this.#begunAt = this.#cluster.clock.now()
    this.#readOn()
    const release = { target: { resource: RESOURCES.deployments, namespace }, name: this.#plan.target }
    this.#cluster.apply({ verb: 'patch', ...release, patchType: 'merge', body: { spec: next['spec'] }, options: {} })
    const phase = await this.#until(['failed', 'finalising', 'succeeded'])
    const story = this.#ended(phase)
    stop.abort(new Error('the story is told'))
    await running
    return story
  }

  #ended(phase: Phase | undefined): Story {
    const at = this.#second()
    const outcome = phase === 'failed' ? 'rolled-back' : phase === undefined ? 'held' : 'promoted'
    const seconds = outcome === 'held' ? at : at + PUSH_SECONDS
    const { requests, failures } = this.#traffic.until(seconds).canary
    const told = this.#told.map((each) => ({ ...each, at: this.#secondOf(each.at) })).filter((each) => each.at >= 0)
    return {
      outcome,
      seconds,
      weights: this.#weights,
      told,
      because: conditionMessage(this.#state(), this.#plan.targetKind),
      requests,
      failed: failures
    }
  }

  #ports(): RolloutPorts {
    const idle = (): Measurement => ({ kind: 'down', because: 'queries are not rehearsed' })
    return {
      client: this.#cluster.client(),
      clock: this.#cluster.clock,
      draw: this.#cluster.draw,
      hooks: { call: (attempt) => Promise.resolve(this.#hook(attempt)) },
      metrics: this.#metrics(),
      queries: { measure: () => Promise.resolve(idle()) },
      settings: { metricsServer: undefined, ownPrometheus: () => undefined, noCrossNamespaceRefs: false },
      events: { record: (_, type, message) => void this.#told.push({ at: this.#cluster.clock.now(), type, message }) },
      listeners: [],
      counters: this.#counters(),
      log: () => {}
    }
  }

  #metrics(): MetricSource {
    const measure = (metric: BuiltinMetric, interval: Millis): Promise<Measurement> => {
      this.#serve()
      return Promise.resolve(measured(metric, this.#traffic.canaryOver(interval / 1000), this.#edges))
    }
    return {
      available: () => Promise.resolve({ kind: 'up' }),
      successRate: (_, interval) => measure('request-success-rate', interval),
      duration: (_, interval) => measure('request-duration', interval)
    }
  }

  #counters(): CounterSource {
    const read = (): CounterReading => {
      const { canary, stable } = this.#serve()
      return { kind: 'read', at: this.#cluster.clock.now(), canary: countersOf(canary), stable: countersOf(stable) }
    }
    return {
      edges: this.#edges,
      interval: USUAL_LOOK,
      finest: 1000,
      read: () => Promise.resolve(read()),
      history: () => Promise.resolve(this.#slices)
    }
  }

  // Everybody agrees, and nobody signals a rollback.
  #hook({ url }: HookAttempt): HookOutcome {
    const isRollback = this.#plan.hooks.some((hook) => hook.type === 'rollback' && hook.url === url)
    return { kind: 'answered', status: isRollback ? 403 : 200, body: '' }
  }

  #serve(): ReturnType<SimulatedTraffic['until']> {
    return this.#traffic.until(this.#second())
  }

  #second(): number {
    return this.#secondOf(this.#cluster.clock.now())
  }

  #secondOf(at: Millis): number {
    return this.#begunAt === undefined ? BEGIN_SECOND : BEGIN_SECOND + (at - this.#begunAt) / 1000
  }

  #changed({ resource, kind, object }: Change): void {
    if (resource === RESOURCES.virtualServices.resource) this.#routed(liveRouting(object, this.#plan.apex)?.canary ?? 0)
    if (resource !== RESOURCES.deployments.resource || kind === 'deleted') return
    const { name = '', generation = 1 } = object.metadata
    if (this.#generations.get(name) === generation) return
    this.#generations.set(name, generation)
    this.#cluster.clock.after(1000 * POD_SECONDS, () => this.#getReady(name))
  }

  #routed(weight: number): void {
    if (weight === this.#weight) return
    this.#weight = weight
    const at = this.#second()
    this.#traffic.until(at)
    this.#traffic.weigh(weight, this.#weights.length === 0 ? at : at + PUSH_SECONDS)
    this.#weights.push({ at, weight })
  }

  // As a scraper does, whether anybody asks or not.
  #readOn(): void {
    this.#serve()
    this.#cluster.clock.after(1000 * LOOK_SECONDS, () => this.#readOn())
  }

  #getReady(name: string): void {
    const { namespace } = this.#plan
    const live = this.#cluster.get(RESOURCES.deployments, namespace, name)
    if (live === undefined) return
    const status = deploymentStatus(live, { available: wantedPods(live) }, formatInstant(this.#cluster.clock.now()))
    const target = { resource: RESOURCES.deployments, namespace }
    this.#cluster.apply({ verb: 'update', target, name, subresource: 'status', body: { ...live, status }, options: {} })
  }

  // From alarm to alarm until the Canary is in one of these phases: which; undefined when that takes too long.
  async #until(phases: readonly Phase[]): Promise<Phase | undefined> {
    const { clock } = this.#cluster
    const end = clock.now() + 1000 * LONGEST_SECONDS
    for (;;) {
      const { phase } = this.#state()
      if (phases.includes(phase)) return phase
      const next = clock.next()
      if (next === undefined || next > end) {
        // The first promises of the controller have set no alarm yet.
        await clock.advance(0)
        if (clock.next() === undefined || (clock.next() ?? 0) > end) return undefined
      } else await clock.advance(next - clock.now())
    }
  }

  #state(): RolloutState {
    return readState(this.#cluster.get(RESOURCES.canaries, this.#plan.namespace, this.#plan.name)?.['status'])
  }
}

// As one process of the mesh counts them; latency is not told by code.
function countersOf({ requests, failures, buckets }: Served): readonly RequestCounter[] {
  const counter = (code: number, count: number, of: readonly number[]): RequestCounter => ({
    process: 'mesh',
    id: String(code),
    code,
    flags: '-',
    grpc: '',
    count,
    buckets: of
  })
  return [
    counter(200, requests - failures, buckets),
    counter(
      500,
      failures,
      buckets.map(() => 0)
    )
  ]
}
