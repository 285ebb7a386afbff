import { describe, expect, it } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { gateRequestOf } from './gate-request.ts'
import { planOf } from './plan.ts'
import { type KnownTraffic, weakChecksOf } from './weak-checks.ts'

const traffic = (rate: number, errors: number): KnownTraffic => ({
  rate,
  history: { requests: 1_000_000, bad: 1_000_000 * errors, dispersion: 1 }
})

function weak(
  analysis: Record<string, unknown>,
  known?: KnownTraffic,
  { annotations = {}, templates }: { annotations?: Record<string, string>; templates?: ReadonlyMap<string, string> } = {}
): readonly string[] {
  const plain = canaryOf({ stepWeight: undefined, stepWeights: [5, 50], interval: '1m', ...analysis })
  const canary = { ...plain, metadata: { ...plain.metadata, annotations } }
  const checked = { canary, plan: planOf(canary), request: gateRequestOf(canary).request, ...(templates && { templates }) }
  return weakChecksOf(checked, known).map(({ path, text }) => `${path}: ${text}`)
}

const ERRORS_OF = (workload: string, bounds: object = { max: 1 }): object => ({
  name: 'errors',
  interval: '1m',
  thresholdRange: bounds,
  query: `100 * sum(rate(istio_requests_total{destination_workload=~"${workload}",response_code=~"5.."}[1m])) / sum(rate(istio_requests_total{destination_workload=~"${workload}"}[1m]))`
})

describe('a query that counts both versions', () => {
  it('is named with what it does not see at the first step, and without traffic', () => {
    expect(weak({ metrics: [ERRORS_OF('{{ target }}.*')] })).toEqual([
      `spec.analysis.metrics[0]: counts both versions: at 5 % it passes while up to 20 % of the canary's requests fail; select the canary alone, such as by destination_workload="api"`
    ])
    expect(weak({ metrics: [ERRORS_OF('{{ target }}')] })).toEqual([])
  })

  it('sees as much as the specification says: 18.1 % at the 5 % step of a service that fails 0.1 %', () => {
    const [text] = weak({ metrics: [ERRORS_OF('api.*')] }, traffic(1000, 0.001))
    expect(text).toContain('while up to 18 % of')
    expect(weak({ metrics: [ERRORS_OF('api.*')], stepWeights: [50] }, traffic(1000, 0.001))[0]).toContain('while up to 1.9 % of')
  })

  it('may be one of a success rate, of a share, or of anything else', () => {
    const success = { ...ERRORS_OF('api.*', { min: 98 }) }
    expect(weak({ metrics: [success] })[0]).toContain('while up to 40 % of')
    const share = { name: 'e', thresholdRange: { max: 0.02 }, query: 'sum(rate(istio_requests_total{response_code="500"}[1m]))' }
    expect(weak({ metrics: [share] })[0]).toContain('while up to 40 % of')
    const other = { name: 'e', thresholdRange: { max: 500 }, query: 'sum(rate(istio_request_bytes_sum[1m]))' }
    expect(weak({ metrics: [other] })[0]).toContain('at 5 % only 5 % of what it counts is the canary')
  })

  it('is named with what it does not see at the highest first weight, where the traffic is to say and nobody knows it', () => {
    const annotations = { 'serin.dev/pace': 'evidence, ladder=auto' }
    expect(weak({ metrics: [ERRORS_OF('api.*')] }, undefined, { annotations })[0]).toContain(
      "at 20 %, the most that it begins with, it passes while up to 5 % of the canary's requests fail"
    )
    expect(
      weak({ metrics: [ERRORS_OF('api.*')] }, undefined, { annotations: { ...annotations, 'serin.dev/baseline': 'fresh' } })[0]
    ).toContain('at 5 % it passes while up to 20 % of')
  })

  it('may be in a MetricTemplate', () => {
    const metrics = [{ name: 'errors', thresholdRange: { max: 1 }, templateRef: { name: 'all', namespace: 'ops' } }]
    const templates = new Map([['ops/all', 'sum(rate(istio_requests_total{destination_namespace="{{ namespace }}"}[{{ interval }}]))']])
    expect(weak({ metrics }, undefined, { templates })).toHaveLength(1)
    expect(weak({ metrics })).toEqual([])
    expect(weak({ metrics }, undefined, { templates: new Map([['ops/all', '{{ oops']]) })).toEqual([])
  })
})

describe('a threshold within the noise', () => {
  const metrics = [{ name: 'request-success-rate', interval: '1m', thresholdRange: { min: 99 } }]

  it('is named with how often a good canary misses it', () => {
    // 50 requests a minute: one failure of them is 2 %, and stable's 1 % has one or more in 1 - exp(-0.5) of all minutes.
    const [text] = weak({ metrics }, traffic(100 / 6, 0.01))
    expect(text).toMatch(/^spec\.analysis\.metrics\[0\]: its bound of 99 % is within 3 standard errors/)
    expect(text).toContain('about 1 of 2.5 looks')
    expect(text).toContain('(99 % of about 50 requests, 5 % of 17 requests a second for 1m)')
  })

  it('is none where traffic is enough, stable fails little, or nobody knows', () => {
    expect(weak({ metrics }, traffic(1000, 0.001))).toEqual([])
    expect(weak({ metrics }, traffic(10, 0))).toEqual([])
    expect(weak({ metrics })).toEqual([])
  })

  it('is one where stable itself is at the bound', () => {
    expect(weak({ metrics }, traffic(10_000, 0.01))[0]).toMatch(/misses it in about 1 of 2(\.\d)? looks/)
    expect(weak({ metrics }, traffic(10_000, 0.05))[0]).toContain('misses it in 100 % of looks')
  })
})

describe('a p99', () => {
  const metrics = [{ name: 'request-duration', interval: '30s', thresholdRange: { max: 500 } }]

  it('of fewer than a hundred requests is their maximum', () => {
    expect(weak({ metrics }, traffic(60, 0))).toEqual([
      'spec.analysis.metrics[0]: is a p99 of about 90 requests (5 % of 60 requests a second for 30s): with fewer than 100 it is the slowest of them'
    ])
    expect(weak({ metrics }, traffic(67, 0))).toEqual([])
  })
})

describe('a difference that this traffic cannot exclude', () => {
  const annotations = { 'serin.dev/pace': 'evidence' }

  it('is named with one that it can, where the gate sets the pace', () => {
    const [text] = weak({ metrics: [] }, traffic(1, 0.001), { annotations })
    expect(text).toMatch(
      /^metadata\.annotations: a difference of 0\.5 points cannot be proven within 10 min at \d+ % of 1 requests a second \(it takes about \d+ min\); choose serin\.dev\/smallest-difference: \d+pt or more$/
    )
    const [, enough = ''] = /difference: (\d+pt)/.exec(text ?? '') ?? []
    expect(weak({ metrics: [] }, traffic(1, 0.001), { annotations: { ...annotations, 'serin.dev/smallest-difference': enough } })).toEqual(
      []
    )
  })

  it('is larger beside a baseline that gets no more than the canary', () => {
    const few = traffic(9.8, 0.001)
    expect(weak({ metrics: [], stepWeights: [20] }, few, { annotations })).toEqual([])
    expect(weak({ metrics: [], stepWeights: [20] }, few, { annotations: { ...annotations, 'serin.dev/baseline': 'fresh' } })).toHaveLength(
      1
    )
  })

  it('is none at enough traffic, or where the clock sets the pace', () => {
    expect(weak({ metrics: [] }, traffic(100, 0.001), { annotations })).toEqual([])
    expect(weak({ metrics: [] }, traffic(1, 0.001))).toEqual([])
  })

  it('is that of the weights which this traffic allows, where these are to be as low as possible', () => {
    const auto = { 'serin.dev/pace': 'evidence, ladder=auto' }
    expect(weak({ metrics: [] }, traffic(0.2, 0.001), { annotations: auto })[0]).toMatch(/at \d+ % of 0\.2 requests a second/)
    const metrics = [{ name: 'request-duration', interval: '30s', thresholdRange: { max: 500 } }]
    // A hundredth of 1,000 requests a second.
    expect(weak({ metrics }, traffic(1000, 0), { annotations: auto })).toEqual([])
    expect(weak({ metrics }, traffic(300, 0), { annotations: auto })[0]).toContain('(1 % of 300 requests a second for 30s)')
  })

  it('is that of the first weight of looks as often as they are asked for, and of the usual one beside a baseline', () => {
    const metrics = [{ name: 'request-duration', interval: '30s', thresholdRange: { max: 500 } }]
    const at = (annotations: Record<string, string>): string =>
      /\((\d+ %) of/.exec(
        weak({ metrics }, traffic(20, 0), { annotations: { 'serin.dev/pace': 'evidence, ladder=auto', ...annotations } })[0] ?? ''
      )?.[1] ?? ''
    // 500 of 20 requests a second for 7 s, 3 s and 32 s.
    expect([{}, { 'serin.dev/look': '1s' }, { 'serin.dev/look': '30s' }, { 'serin.dev/baseline': 'fresh' }].map(at)).toEqual([
      '4 %',
      '9 %',
      '1 %',
      '5 %'
    ])
  })

  it('is one that takes longer beside a baseline, which has as little traffic as the canary', () => {
    const said = (annotated: Record<string, string>): readonly string[] =>
      weak({ metrics: [], stepWeights: [5] }, traffic(30, 0.02), { annotations: { ...annotations, ...annotated } })
    const minutes = (lines: readonly string[]): number => Number(/it takes about (\d+) min/.exec(lines[0] ?? '')?.[1])
    expect(minutes(said({ 'serin.dev/baseline': 'fresh' }))).toBeGreaterThan(1.5 * minutes(said({})))
  })

  it('is every one without traffic', () => {
    expect(weak({ metrics: [] }, traffic(0, 0), { annotations })[0]).toContain('without traffic there is none); no difference can')
  })
})

it('nothing is said of blue/green, of Canaries without analysis, and without checks', () => {
  const diluted = { metrics: [ERRORS_OF('api.*')] }
  expect(weak({ ...diluted, stepWeights: undefined, stepWeight: undefined, iterations: 5 })).toEqual([])
  const canary = canaryOf(diluted, { skipAnalysis: true })
  expect(weakChecksOf({ canary, plan: planOf(canary) })).toEqual([])
  expect(weak({ metrics: undefined }, traffic(1, 0.01))).toEqual([])
})
