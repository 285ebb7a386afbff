// The gate's sources of counters against a real Prometheus: what a server that plays one cannot know, with pods that come and go, scrapes that
// fail, and the server itself killed. The same laws hold for a stream of business events and for Istio's counters.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PrometheusCounters } from '../../src/remote/prometheus-counters.ts'
import { PrometheusSeries } from '../../src/remote/prometheus-series.ts'
import type { Look } from '../../src/gate/half-plane.ts'
import { exposition } from '../../src/metrics/exposition.ts'
import { type CellLabels, Recorder } from '../../src/metrics/recorder.ts'
import { describeCounterSource } from '../conformance/counter-source.ts'
import {
  ASSUMED_EVERY,
  type Counting,
  type Following,
  type Kind,
  MESH,
  providerAt,
  realWorld,
  STREAM,
  type Version
} from './prometheus-counts.ts'
import { PROMETHEUS_FOLDER } from './prometheus-program.ts'
import { Pages, RealPrometheus } from './real-prometheus.ts'
import { until } from './run.ts'

const KINDS: readonly Kind[] = [STREAM, MESH]
const CASES = ['steady', 'restarted', 'moved', 'unscraped', 'untimely', 'outlived']
const SUITES = ['suite-1', 'suite-2', 'suite-3', 'suite-4', 'suite-5', 'suite-6']
const PODS = ['a', 'b', 'stable']
const FIRST_SCRAPES_MAX = 120_000

const never = new AbortController().signal
const pages = new Pages()
const names = [...SUITES, ...KINDS.flatMap((kind) => CASES.flatMap((each) => PODS.map((pod) => pageOf(kind, each, pod))))]
const prometheus = new RealPrometheus({ pages, names })

function pageOf({ name }: Kind, each: string, pod: string): string {
  return `${name.replaceAll(' ', '-')}-${each}-${pod}`
}

beforeAll(async () => {
  if (PROMETHEUS_FOLDER === undefined) return
  await pages.start()
  await prometheus.start()
  // It answers some time before it scrapes: five seconds, and many more on a busy machine.
  await until('the first scrapes', async () => (await prometheus.ask('count(up)'))[0]?.value === names.length, FIRST_SCRAPES_MAX)
}, FIRST_SCRAPES_MAX)
afterAll(async () => {
  await prometheus.stop()
  await pages.stop()
})

/** A pod with its page. */
interface Pod extends Counting {
  readonly page: string
  /** The time that its page says its samples are of; undefined: that of the scrape. */
  at: () => number | undefined
  /** Not there: connections end without an answer. */
  isGone: boolean
}

/** A case: pods of one kind, of which `a` (canary) and `stable` have counted something already, and what is made of them. */
class Case {
  readonly a: Pod
  readonly b: Pod
  readonly stable: Pod
  readonly following: Following
  readonly #kind: Kind
  readonly #of: string

  private constructor(kind: Kind, of: string) {
    this.#kind = kind
    this.#of = of
    this.following = kind.follow(prometheus.url, of)
    this.a = this.#pod('a', 'canary')
    this.b = this.#pod('b', 'canary')
    this.stable = this.#pod('stable', 'stable')
  }

  /** Once `a` and `stable` have been looked at. */
  static async begun(kind: Kind, of: string): Promise<Case> {
    const one = new Case(kind, of)
    one.b.isGone = true
    one.a.count(100, 10)
    one.stable.count(1_000, 10)
    await one.hasCounted({ canaryRequests: 0, canaryBad: 0, stableRequests: 0, stableBad: 0 })
    return one
  }

  /** Holds that all has been counted that is said, once what is shown now has been scraped; and that nothing is counted again after that. */
  async hasCounted(expected: Look): Promise<void> {
    for (let scrapes = 0; scrapes < 2; scrapes++) {
      await this.scraped()
      expect(await this.following.look()).toBe('')
      expect(this.following.counted).toEqual(expected)
    }
  }

  async scraped(): Promise<void> {
    const pods = [this.a, this.b, this.stable]
    const pagesOf = (which: (pod: Pod) => boolean): readonly string[] => pods.filter(which).map(({ page }) => page)
    await Promise.all([prometheus.scrapes(...pagesOf((pod) => !pod.isGone)), prometheus.misses(...pagesOf((pod) => pod.isGone))])
  }

  #pod(name: string, version: Version): Pod {
    const page = pageOf(this.#kind, this.#of, name)
    const pod: Pod = { ...this.#kind.counting(this.#of, version), page, at: () => undefined, isGone: false }
    pages.show(page, () => (pod.isGone ? undefined : timed(pod.text(), pod.at())))
    return pod
  }
}

function timed(text: string, at: number | undefined): string {
  return at === undefined ? text : text.replaceAll(/^([^#\n].*)$/gm, `$1 ${at}`)
}

// Each test has a namespace of its own, as one Prometheus has the counters of all.
function inNamespace(own: string, labels: CellLabels): CellLabels {
  const put = (namespace: string): string => (namespace === 'test' ? own : namespace)
  const { destinationServiceNamespace, destinationNamespace } = labels
  return { ...labels, destinationServiceNamespace: put(destinationServiceNamespace), destinationNamespace: put(destinationNamespace) }
}

describe.skipIf(PROMETHEUS_FOLDER === undefined).concurrent('a real Prometheus', () => {
  let suites = 0
  describeCounterSource('a real Prometheus', () => {
    const page = SUITES[suites++] ?? ''
    const recorder = new Recorder()
    let text = ''
    pages.show(page, () => text)
    const source = new PrometheusCounters({ address: prometheus.url, interval: ASSUMED_EVERY }, realWorld())
    const { edges, interval, finest } = source
    return Promise.resolve({
      source: {
        edges,
        interval,
        finest,
        history: (pair, signal) => source.history({ ...pair, namespace: page }, signal),
        read: async (pair, signal) => {
          await prometheus.scrapes(page)
          return source.read({ ...pair, namespace: page }, signal)
        }
      },
      count: (labels, { code, flags, ms }) => recorder.cell(inNamespace(page, labels)).record(code, flags, ms),
      collect: () => void (text = exposition(recorder.snapshot(), []))
    })
  })

  describe.each(KINDS)('as the source of $name', (kind) => {
    it('each event is counted once, however often it is looked at', async () => {
      const one = await Case.begun(kind, 'steady')
      const { a, stable, following } = one
      let [scrapes, ofStable] = [0, 0]
      pages.show(a.page, () => {
        if (scrapes < 5) {
          scrapes += 1
          // No event but a bad one: looks of which some have its counters of before a scrape and some of after it must not lose one.
          a.count(1, 1)
        }
        return a.text()
      })
      pages.show(stable.page, () => {
        if (ofStable < 50) stable.count(10, 1)
        ofStable = Math.min(50, ofStable + 10)
        return stable.text()
      })
      await until('all scrapes', async () => (await following.look()) === '' && scrapes === 5 && ofStable === 50)
      await one.hasCounted({ canaryRequests: 5, canaryBad: 5, stableRequests: 50, stableBad: 5 })
    })

    it('one that is started again loses nothing that was seen, and counts nothing twice', async () => {
      const one = await Case.begun(kind, 'restarted')
      one.a.count(5, 1)
      await one.hasCounted({ canaryRequests: 5, canaryBad: 1, stableRequests: 0, stableBad: 0 })
      one.a.restart()
      one.a.count(3, 2)
      await one.hasCounted({ canaryRequests: 8, canaryBad: 3, stableRequests: 0, stableBad: 0 })
      one.a.count(40, 0)
      await one.hasCounted({ canaryRequests: 48, canaryBad: 3, stableRequests: 0, stableBad: 0 })
    })

    it('one that goes keeps what it had; one that comes is counted from where it is first seen, its first bad event too', async () => {
      const one = await Case.begun(kind, 'moved')
      const { a, b } = one
      a.count(5, 1)
      const before = { canaryRequests: 5, canaryBad: 1, stableRequests: 0, stableBad: 0 }
      await one.hasCounted(before)
      a.isGone = true
      b.count(40, 0)
      b.isGone = false
      await one.hasCounted(before)
      b.count(7, 1)
      await one.hasCounted({ ...before, canaryRequests: 12, canaryBad: 2 })
    })

    it('one that is not scraped for a while is counted once it is, with what it had meanwhile', async () => {
      const one = await Case.begun(kind, 'unscraped')
      const { a, stable } = one
      a.isGone = true
      a.count(6, 2)
      stable.count(20, 1)
      // For longer than samples of the mesh are looked back for.
      for (const end = Date.now() + 5 * ASSUMED_EVERY; Date.now() < end;) {
        await one.scraped()
        expect(await one.following.look()).toBe('')
        expect(one.following.counted).toMatchObject({ canaryRequests: 0, canaryBad: 0 })
      }
      a.isGone = false
      await one.hasCounted({ canaryRequests: 6, canaryBad: 2, stableRequests: 20, stableBad: 1 })
    })

    it('samples that come again, or late, count nothing', async () => {
      const one = await Case.begun(kind, 'untimely')
      const { a } = one
      let first: number | undefined
      a.at = () => (first ??= Date.now())
      a.count(5, 1)
      const counted = { canaryRequests: 5, canaryBad: 1, stableRequests: 0, stableBad: 0 }
      await one.hasCounted(counted)
      a.count(9, 3)
      await one.hasCounted(counted)
      a.at = () => (first ?? 0) - 500
      await one.hasCounted(counted)
      let next: number | undefined
      a.at = () => (next ??= Date.now())
      await one.hasCounted({ ...counted, canaryRequests: 14, canaryBad: 4 })
    })

    it('counters that nobody has are none', async () => {
      const following = kind.follow(prometheus.url, 'nobody')
      expect(await following.look()).toBe('')
      expect(following.counted).toMatchObject({ canaryRequests: 0, stableRequests: 0 })
    })
  })

  it.each([
    [
      'orders_total{of=~"("}',
      /^127\.0\.0\.1:\d+ answers 400: invalid parameter "query": 1:\d+: parse error: error parsing regexp: missing closing \)/
    ],
    ['{}', /^127\.0\.0\.1:\d+ answers 400: .*vector selector must contain at least one non-empty matcher$/]
  ])('a selector that it does not take is told as it says it: %s', async (selector, because) => {
    const series = new PrometheusSeries(realWorld())
    const asked = { provider: providerAt(prometheus.url), selector }
    expect(await series.latest(asked, never)).toEqual({ kind: 'down', because: expect.stringMatching(because) })
    expect(await series.increases(asked, never)).toEqual([])
  })
})

// Last: it ends what all others ask.
describe.skipIf(PROMETHEUS_FOLDER === undefined)('a real Prometheus that is killed', () => {
  it('is told as down; back with what it had, all that was counted meanwhile is counted once', async () => {
    const cases = await Promise.all(KINDS.map((kind) => Case.begun(kind, 'outlived')))
    for (const { a } of cases) a.count(5, 1)
    const before = { canaryRequests: 5, canaryBad: 1, stableRequests: 0, stableBad: 0 }
    await Promise.all(cases.map((one) => one.hasCounted(before)))
    await prometheus.kill()
    for (const { a, stable, following } of cases) {
      expect(await following.look()).toBe(`connect ECONNREFUSED ${new URL(prometheus.url).host}`)
      a.count(6, 2)
      stable.count(30, 1)
    }
    await prometheus.start()
    await Promise.all(cases.map((one) => one.hasCounted({ canaryRequests: 11, canaryBad: 3, stableRequests: 30, stableBad: 1 })))
  })
})
