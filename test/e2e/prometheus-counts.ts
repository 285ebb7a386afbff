// What the gate's two sources of counters read from a Prometheus, as tests of both want it: pods that count events of a version, and the sums
// of what has been counted look by look, as the gate takes it.

import { systemClock } from '../../src/host/system-clock.ts'
import { type CountedSide, countedSince, NO_COUNTED } from '../../src/gate/counted.ts'
import { type Look, NO_LOOK } from '../../src/gate/half-plane.ts'
import { NO_BASELINE } from '../../src/gate/increments.ts'
import { lookAt, servedSince } from '../../src/gate/served.ts'
import { exposition } from '../../src/metrics/exposition.ts'
import { Recorder } from '../../src/metrics/recorder.ts'
import { PrometheusCounters } from '../../src/remote/prometheus-counters.ts'
import { PrometheusSeries } from '../../src/remote/prometheus-series.ts'
import type { ProviderWorld } from '../../src/remote/provider-call.ts'
import { callerOf } from '../conformance/counter-source.ts'
import { providerWorld } from '../provider-server.ts'
import { SCRAPED_EVERY } from './real-prometheus.ts'

/** Which of both versions. */
export type Version = 'canary' | 'stable'

/** A process that counts events of one version of a case. */
export interface Counting {
  /** Counts events, of which so many are bad. */
  count(all: number, bad: number): void
  /** Begins at 0 again. */
  restart(): void
  /** Its page. */
  text(): string
}

/** Reads the counters of a case again and again. */
export interface Following {
  /** All that has been counted since the first look. */
  readonly counted: Look
  /** Looks once; why nothing can be read, '' where something can. */
  look(): Promise<string>
}

/** One of the sources, with pods that it reads and what is made of it. */
export interface Kind {
  readonly name: string
  counting(of: string, version: Version): Counting
  follow(url: string, of: string): Following
}

/** What the mesh's source takes for the time between scrapes, ms: it looks back for four, and a busy machine may be late. */
export const ASSUMED_EVERY = 2 * SCRAPED_EVERY

const never = new AbortController().signal

/** What sources ask through: the machine's own clock and sockets. */
export function realWorld(): ProviderWorld {
  return { ...providerWorld(), clock: systemClock() }
}

/** The provider of a MetricTemplate. */
export function providerAt(url: string): Parameters<PrometheusSeries['latest']>[0]['provider'] {
  return { spec: { type: 'prometheus', address: url }, namespace: 'test', credentials: {} }
}

/** Counters of business events, as a Canary's streams have them. */
export const STREAM: Kind = {
  name: 'a stream',
  counting: (of, version) => {
    let [total, failed] = [0, 0]
    // As of a library for counters with labels: there is no series before the first event.
    const line = (name: string, value: number): string => (value === 0 ? '' : `${name}{of="${of}",version="${version}"} ${value}\n`)
    return {
      count: (all, bad) => {
        total += all
        failed += bad
      },
      restart: () => void ([total, failed] = [0, 0]),
      text: () => `${line('orders_total', total)}${line('orders_failed_total', failed)}`
    }
  },
  follow: (url, of) => {
    const source = new PrometheusSeries(realWorld())
    let [before, counted] = [NO_COUNTED, NO_LOOK]
    const latest = async (name: string, version: Version): ReturnType<PrometheusSeries['latest']> =>
      source.latest({ provider: providerAt(url), selector: `${name}{of="${of}",version="${version}"}` }, never)
    const side = async (version: Version): Promise<CountedSide | string> => {
      const [total, bad] = await Promise.all([latest('orders_total', version), latest('orders_failed_total', version)])
      if (total.kind !== 'series') return total.because
      return bad.kind === 'series' ? { at: total.at, total: total.series, bad: bad.series } : bad.because
    }
    return {
      get counted() {
        return counted
      },
      look: async () => {
        const [canary, stable] = await Promise.all([side('canary'), side('stable')])
        if (typeof canary === 'string') return canary
        if (typeof stable === 'string') return stable
        const since = countedSince(before, { canary, stable })
        before = since.baseline
        counted = sumOf(counted, since.look ?? NO_LOOK)
        return ''
      }
    }
  }
}

/** Istio's counters, as callers' proxies have them: a version's process is the proxy that calls it. */
export const MESH: Kind = {
  name: 'the mesh',
  counting: (of, version) => {
    let recorder = new Recorder()
    const labels = callerOf(version === 'canary' ? 'shop-canary' : 'shop-primary', { destinationServiceNamespace: of })
    return {
      count: (all, bad) => {
        for (let index = 0; index < all; index++) recorder.cell(labels).record(index < bad ? 500 : 200, '-', 30)
      },
      restart: () => void (recorder = new Recorder()),
      text: () => exposition(recorder.snapshot(), [])
    }
  },
  follow: (url, of) => {
    const source = new PrometheusCounters({ address: url, interval: ASSUMED_EVERY }, realWorld())
    let [before, counted] = [NO_BASELINE, NO_LOOK]
    return {
      get counted() {
        return counted
      },
      look: async () => {
        const stable = { kind: 'service', name: 'shop-primary' } as const
        const reading = await source.read({ namespace: of, canaryService: 'shop-canary', stable }, never)
        if (reading.kind === 'down') return reading.because
        // As the gate takes it: a reading that is not later says nothing new. What is first seen is where counting begins.
        if (reading.at <= before.at) return ''
        const { served, baseline } = servedSince(before, reading)
        before = baseline
        counted = sumOf(counted, lookAt(served, 'failed', source.edges))
        return ''
      }
    }
  }
}

function sumOf(one: Look, other: Look): Look {
  return {
    canaryRequests: one.canaryRequests + other.canaryRequests,
    canaryBad: one.canaryBad + other.canaryBad,
    stableRequests: one.stableRequests + other.stableRequests,
    stableBad: one.stableBad + other.stableBad
  }
}
