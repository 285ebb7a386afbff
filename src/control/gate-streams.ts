// Reads the streams of counters that a Canary brings: finds their MetricTemplates, fills selectors in for both versions, and asks for counters.
// Owns what it has found of templates; what fails is found anew.

import type { CountedSide } from '../gate/counted.ts'
import type { PodLook } from '../gate/history.ts'
import { type CountersAsked, selectorProblem, type StreamRequest, type TemplateName } from '../canary/gate-streams.ts'
import type { Plan } from '../canary/plan.ts'
import type { StreamReading } from '../rollout/watching.ts'
import { type Millis, wait } from '../std/clock.ts'
import { renderQuery } from '../template/template.ts'
import { type Found, findTemplate, refusedReference } from './metric-templates.ts'
import { NO_PROMETHEUS, prometheusFor } from './rollout-metrics.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import type { AskedSelector, SeriesSource } from './series-source.ts'
import { streamModel, type Version } from '../objects/stream-model.ts'

/** What it is made of. */
export interface GateStreamsPorts extends Pick<RolloutPorts, 'client' | 'clock' | 'log' | 'settings'> {
  readonly series?: SeriesSource | undefined
}

type Failed = Exclude<Found, { readonly kind: 'found' }>
type Template = Extract<Found, { readonly kind: 'found' }>
type Side = { readonly kind: 'side'; readonly side: CountedSide } | Failed

/** How long the gate's first look waits for history. Without it a rate of 0.1 % and bursts of two are assumed (gate/history.ts). */
const HISTORY_WITHIN: Millis = 10_000

/** The streams of one revision. */
export class GateStreams {
  readonly #ports: GateStreamsPorts
  readonly #plan: Plan
  readonly #found = new Map<string, Template>()

  constructor(ports: GateStreamsPorts, plan: Plan) {
    this.#ports = ports
    this.#plan = plan
  }

  /** The counters of both versions; rejects only with the signal's reason. */
  async read(stream: StreamRequest, signal: AbortSignal): Promise<StreamReading> {
    const other = this.#plan.baseline.kind === 'primary' ? 'primary' : 'baseline'
    const [canary, stable] = await Promise.all([this.#side(stream, 'canary', signal), this.#side(stream, other, signal)])
    if (canary.kind === 'side' && stable.kind === 'side') {
      return { name: stream.name, kind: 'read', pair: { canary: canary.side, stable: stable.side } }
    }
    this.#found.clear()
    const failed = canary.kind === 'side' ? stable : canary
    return { name: stream.name, kind: 'unread', because: failed.kind === 'side' ? '' : failed.because }
  }

  /** What stable did in the minutes before; empty where nobody knows, and where nobody says so within ten seconds, which is logged. */
  async history(stream: StreamRequest, signal: AbortSignal): Promise<readonly PodLook[]> {
    const { clock, log } = this.#ports
    const over = new AbortController()
    const stop = AbortSignal.any([signal, over.signal])
    const late = wait(clock, HISTORY_WITHIN, stop).then(() => 'late' as const)
    const found = await Promise.race([this.#history(stream, stop), late])
    over.abort(new Error('not waited for'))
    if (found !== 'late') return found
    const { namespace, name } = this.#plan
    log(`canary ${namespace}/${name}: stream ${stream.name}: no history within ${HISTORY_WITHIN / 1000} s; judged without`)
    return []
  }

  async #history({ total, bad }: StreamRequest, signal: AbortSignal): Promise<readonly PodLook[]> {
    const [all, failed] = await Promise.all([this.#increases(total, signal), this.#increases(bad, signal)])
    return [...all].map(([at, value]) => {
      const requests = Math.round(value)
      return { requests, bad: Math.min(requests, Math.round(failed.get(at) ?? 0)) }
    })
  }

  async #side({ total, bad }: StreamRequest, version: Version, signal: AbortSignal): Promise<Side> {
    const [all, failed] = await Promise.all([this.#latest(total, version, signal), this.#latest(bad, version, signal)])
    if (all.kind !== 'series') return all
    if (failed.kind !== 'series') return failed
    return { kind: 'side', side: { at: all.at, total: all.series, bad: failed.series } }
  }

  async #latest(counters: CountersAsked, version: Version, signal: AbortSignal): Promise<Awaited<ReturnType<SeriesSource['latest']>>> {
    const asked = await this.#selector(counters, version, signal)
    if ('kind' in asked) return asked
    const { series } = this.#ports
    return series === undefined ? { kind: 'down', because: 'nobody answers queries here' } : series.latest(asked, signal)
  }

  async #increases(counters: CountersAsked, signal: AbortSignal): Promise<ReadonlyMap<number, number>> {
    const asked = await this.#selector(counters, 'primary', signal)
    const counted = 'kind' in asked ? [] : await this.#ports.series?.increases(asked, signal)
    return new Map((counted ?? []).map(({ at, value }) => [at, value]))
  }

  async #selector(counters: CountersAsked, version: Version, signal: AbortSignal): Promise<AskedSelector | Failed> {
    const found = counters.kind === 'template' ? await this.#template(counters, signal) : this.#own(counters.text)
    if (found.kind !== 'found') return found
    const named = counters.kind === 'template' ? `metric template ${counters.name}` : counters.text
    const rendered = renderQuery(found.query, streamModel(this.#plan, version))
    if (rendered.kind === 'wrong') return { kind: 'misconfigured', because: `${named}: its query: ${rendered.because}` }
    const problem = selectorProblem(rendered.query)
    if (problem !== undefined) return { kind: 'misconfigured', because: `${named}: ${problem}` }
    return { provider: found.provider, selector: rendered.query.trim() }
  }

  #own(query: string): Found {
    const provider = prometheusFor(this.#ports, this.#plan)
    return provider === undefined ? { kind: 'down', because: NO_PROMETHEUS } : { kind: 'found', provider, query }
  }

  async #template({ name, namespace = this.#plan.namespace }: TemplateName, signal: AbortSignal): Promise<Found> {
    const template = { name, namespace }
    const key = `${namespace}/${name}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    if (this.#ports.settings.noCrossNamespaceRefs && namespace !== this.#plan.namespace) {
      return { kind: 'misconfigured', because: refusedReference({ template }) }
    }
    const found = await findTemplate(this.#ports.client, { template }, signal)
    if (found.kind === 'found') this.#found.set(key, found)
    return found
  }
}
