// A Prometheus as the source of somebody else's counters: what a selector of a MetricTemplate finds, as raw samples with the times of their
// scrapes.

import type { Series } from '../gate/increments.ts'
import type { Millis } from '../std/clock.ts'
import { printable } from '../std/printable.ts'
import { type Matrix, askMinutes, askRange } from './prometheus-matrix.ts'
import { seriesId } from './prometheus-ranges.ts'
import type { ProviderQuery, ProviderWorld } from './provider-call.ts'
import { withoutSecrets } from './metric-providers.ts'

interface Asked {
  readonly provider: ProviderQuery['provider']
  readonly selector: string
}

type Failed = Exclude<Matrix, { readonly kind: 'matrix' }>

// Scrapes are a minute apart at most, and one may be missed.
const WINDOW = '2m'

/** Reads counters from the Prometheus of each MetricTemplate. Rejects only with the signal's reason. */
export class PrometheusSeries {
  readonly #world: ProviderWorld

  constructor(world: ProviderWorld) {
    this.#world = world
  }

  /** The latest sample of each series; `at` is that of the newest. */
  async latest(
    asked: Asked,
    signal: AbortSignal
  ): Promise<{ readonly kind: 'series'; readonly at: Millis; readonly series: readonly Series[] } | Failed> {
    const { provider, selector } = asked
    if (provider.spec.type !== 'prometheus') {
      return { kind: 'misconfigured', because: `provider.type ${provider.spec.type}: counters of a stream come from prometheus` }
    }
    const answer = await askRange({ provider }, `${selector}[${WINDOW}]`, this.#world, signal)
    if (answer.kind !== 'matrix') return { ...answer, because: told(answer.because, asked) }
    const latest = answer.series.flatMap(({ labels, points }) => points.slice(-1).map((point) => ({ labels, ...point })))
    const series = latest.map(({ labels, value }) => ({ key: seriesId(labels), process: processOf(labels), value }))
    return { kind: 'series', at: latest.reduce((newest, { at }) => Math.max(newest, at), -Infinity), series }
  }

  /** What all series together counted in each minute of the last six hours. */
  async increases({ provider, selector }: Asked, signal: AbortSignal): Promise<readonly { readonly at: Millis; readonly value: number }[]> {
    if (provider.spec.type !== 'prometheus') return []
    const answer = await askMinutes({ provider }, `sum(increase(${selector}[1m]))`, this.#world, signal)
    return answer.kind === 'matrix' ? (answer.series[0]?.points ?? []) : []
  }
}

// Whose counters begin at 0 together.
function processOf({ pod = '', instance = '', job = '' }: Readonly<Record<string, string>>): string {
  return `${pod} ${instance} ${job}`
}

function told(because: string, { provider }: Asked): string {
  return printable(withoutSecrets(because, { provider, query: '', interval: 0 }))
}
