import { describe, expect, it } from 'vitest'
import { askedIn, GATE_ANNOTATIONS, gateRequestOf, gateSettingsFor, requestAsked, tellingEdges } from './gate-request.ts'
import { GATE_CONFIG, type GateConfig } from './gate-options.ts'
import { planOf } from './plan.ts'

const configured = (data: Readonly<Record<string, string>>): GateConfig => ({
  kind: 'found',
  object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'rules', namespace: 'test' }, data }
})
const naming = (annotations: Readonly<Record<string, string>> = {}) => canary({ [GATE_CONFIG]: 'rules', ...annotations })

function canary(annotations: Readonly<Record<string, string>> = {}, metrics: readonly unknown[] = []) {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'shop', namespace: 'test', annotations },
    spec: { targetRef: { kind: 'Deployment', name: 'shop' }, service: { port: 80 }, analysis: { stepWeight: 10, maxWeight: 50, metrics } }
  }
}

describe('gateRequestOf', () => {
  it('lets the gate watch without a word', () => {
    const { request, problems } = gateRequestOf(canary())
    expect(problems).toEqual([])
    expect(request).toMatchObject({ changed: {}, errors: { ratio: 1.25, margin: 0.001, smallest: 0.005 }, budget: {}, bursts: 1 })
  })

  it('leaves it to thresholds where that is asked', () => {
    expect(gateRequestOf(canary({ [GATE_ANNOTATIONS.gate]: 'thresholds' })).request).toBeUndefined()
  })

  it('reads what is asked', () => {
    const { request, problems } = gateRequestOf(
      canary({
        [GATE_ANNOTATIONS.gate]: 'evidence',
        [GATE_ANNOTATIONS.alpha]: '0.1%',
        [GATE_ANNOTATIONS.beta]: '0.02',
        [GATE_ANNOTATIONS.tolerance]: '1.5x + 0.2pt',
        [GATE_ANNOTATIONS.smallest]: '1pt',
        [GATE_ANNOTATIONS.look]: '2s',
        [GATE_ANNOTATIONS.bursts]: '3x',
        [GATE_ANNOTATIONS.streams]: 'checkout=all:shop/bad',
        [GATE_ANNOTATIONS.budget]: 'requests=1000, failures=20'
      })
    )
    expect(problems).toEqual([])
    expect(request?.changed).toEqual({ alpha: 0.001, beta: 0.02 })
    expect(request?.errors).toMatchObject({ ratio: 1.5, margin: 0.002, smallest: 0.01 })
    expect(request?.budget).toEqual({ requests: 1000, excess: 20 })
    expect([request?.look, request?.bursts]).toEqual([2_000, 3])
    expect(request?.streams.map(({ name, bad }) => [name, bad])).toEqual([
      ['checkout', { kind: 'template', name: 'bad', namespace: 'shop' }]
    ])
  })

  it('counts users where cookies do, and says so where none do', () => {
    const plain = canary({ [GATE_ANNOTATIONS.budget]: 'users=5' })
    const sticky = { ...plain, spec: { ...plain.spec, analysis: { ...plain.spec.analysis, sessionAffinity: { cookieName: 'side' } } } }
    expect(gateRequestOf(sticky)).toMatchObject({ request: { budget: { users: 5 } }, problems: [] })
    expect(gateRequestOf(plain).problems).toEqual([
      { annotation: GATE_ANNOTATIONS.budget, text: expect.stringContaining('has no effect without spec.analysis.sessionAffinity') }
    ])
  })

  it.each([
    [GATE_ANNOTATIONS.gate, 'evidense'],
    [GATE_ANNOTATIONS.alpha, '0'],
    [GATE_ANNOTATIONS.alpha, '70%'],
    [GATE_ANNOTATIONS.beta, 'five'],
    [GATE_ANNOTATIONS.tolerance, '0.5x+1pt'],
    [GATE_ANNOTATIONS.tolerance, '1.25'],
    [GATE_ANNOTATIONS.smallest, '0pt'],
    [GATE_ANNOTATIONS.smallest, '1'],
    [GATE_ANNOTATIONS.streams, 'checkout'],
    [GATE_ANNOTATIONS.look, '500ms'],
    [GATE_ANNOTATIONS.look, '1m'],
    [GATE_ANNOTATIONS.look, '2'],
    [GATE_ANNOTATIONS.bursts, '0.5x'],
    [GATE_ANNOTATIONS.bursts, '100x'],
    [GATE_ANNOTATIONS.bursts, 'three'],
    [GATE_ANNOTATIONS.budget, 'users=five'],
    [GATE_ANNOTATIONS.budget, 'requests=-1'],
    [GATE_ANNOTATIONS.budget, '']
  ])('says of %s that %j cannot be read, and uses the default', (annotation, text) => {
    const { request, problems } = gateRequestOf(canary({ [annotation]: text }))
    expect(problems).toEqual([{ annotation, text: expect.stringContaining(JSON.stringify(text)) }])
    expect(request).toEqual(gateRequestOf(canary()).request)
  })
})

describe('a ConfigMap that a Canary names', () => {
  it('says what annotations do not say', () => {
    const { request, problems } = gateRequestOf(
      naming({ [GATE_ANNOTATIONS.alpha]: '2%' }),
      configured({ alpha: '5%', beta: '0.1', 'smallest-difference': '1pt' })
    )
    expect(problems).toEqual([])
    expect(request?.changed).toEqual({ alpha: 0.02, beta: 0.1 })
    expect(request?.errors.smallest).toBe(0.01)
    expect(request?.asked).toEqual({ alpha: '2%', beta: '0.1', 'smallest-difference': '1pt' })
  })

  it('can leave it to thresholds', () => {
    expect(gateRequestOf(naming(), configured({ gate: 'thresholds' })).request).toBeUndefined()
    expect(gateRequestOf(naming({ [GATE_ANNOTATIONS.gate]: 'evidence' }), configured({ gate: 'thresholds' })).request).toBeDefined()
  })

  it('is not read where it is not named', () => {
    expect(gateRequestOf(canary(), configured({ alpha: '5%' })).request?.changed).toEqual({})
  })

  it.each([
    [
      configured({ alpha: 'x' }),
      'ConfigMap rules: data.alpha "x": must be a chance such as 0.01 or 1%, more than 0 and at most 0.5; the default is used'
    ],
    [
      configured({ alhpa: '1%' }),
      expect.stringContaining('ConfigMap rules: data.alhpa is not read: it must be one of gate, alpha, beta, tolerance')
    ],
    [
      { kind: 'missing', name: 'rules', because: 'not found' } as const,
      'ConfigMap rules not found: what annotations do not say is at its default'
    ]
  ])('is told of with its name and key where something of it cannot be read: %j', (config, text) => {
    const { request, problems } = gateRequestOf(naming(), config)
    expect(problems).toEqual([{ annotation: GATE_CONFIG, text }])
    expect(request).toEqual(gateRequestOf(canary()).request)
  })

  it('has to have a name that an object can have', () => {
    const { problems } = gateRequestOf(canary({ [GATE_CONFIG]: '../x' }))
    expect(problems).toEqual([{ annotation: GATE_CONFIG, text: '"../x": must be the name of a ConfigMap; the default is used' }])
  })
})

describe('gateRequestOf within a tick', () => {
  it('reads the same Canary and ConfigMap once, and others anew', () => {
    const [one, config, other] = [naming(), configured({ alpha: '5%' }), configured({ alpha: '2%' })]
    const read = gateRequestOf(one, config)
    expect(gateRequestOf(one, config)).toBe(read)
    const chances = [one, { ...one }].flatMap((each) =>
      [other, undefined, config].map((of) => gateRequestOf(each, of).request?.changed.alpha)
    )
    expect(chances).toEqual([0.02, undefined, 0.05, 0.02, undefined, 0.05])
  })
})

describe('requestAsked', () => {
  it('is given what the status of a Release says, and nothing where it does not say', () => {
    expect(askedIn({ asked: { alpha: '1%', look: 2 } })).toEqual({ alpha: '1%', look: '2' })
    expect([askedIn({ asked: {} }), askedIn({ asked: ['1%'] }), askedIn({}), askedIn(undefined)]).toEqual([
      {},
      undefined,
      undefined,
      undefined
    ])
  })

  it('asks again what was asked', () => {
    const { request } = gateRequestOf(
      canary({
        [GATE_ANNOTATIONS.alpha]: '2%',
        [GATE_ANNOTATIONS.tolerance]: '2x+1pt',
        [GATE_ANNOTATIONS.budget]: 'failures=7',
        [GATE_ANNOTATIONS.beta]: '?'
      })
    )
    expect(request?.budget).toEqual({ excess: 7 })
    expect(requestAsked(request?.asked ?? {})).toEqual(request)
  })
})

describe('gateSettingsFor', () => {
  it('is of even sides beside a fresh baseline alone', () => {
    const share = (annotations: Readonly<Record<string, string>>): string =>
      gateSettingsFor(requestAsked({}), planOf(canary(annotations)), [], []).stableShare
    expect([share({}), share({ 'serin.dev/baseline': 'fresh' }), share({ 'serin.dev/baseline': 'none' })]).toEqual(['rest', 'even', 'rest'])
  })

  it('lets a version settle for longer where looks are short, and misses some where they are long', () => {
    const timesAt = (look: string): readonly unknown[] => {
      const { request: asked } = gateRequestOf(canary({ [GATE_ANNOTATIONS.look]: look }))
      if (asked === undefined) return []
      const { settle, blindTimeout } = gateSettingsFor(asked, planOf(canary()), [], [])
      return [settle, blindTimeout]
    }
    expect([timesAt('1s'), timesAt('5s'), timesAt('30s')]).toEqual([
      [14_000, 60_000],
      [10_000, 60_000],
      [10_000, 120_000]
    ])
  })

  const EDGES = [1, 100, 250, 500, 1000]
  const { request } = gateRequestOf(canary())
  const names = (metrics: readonly unknown[], requests: number, slower: readonly number[]): readonly string[] => {
    if (request === undefined) return []
    const telling = tellingEdges(EDGES, requests, slower)
    return gateSettingsFor(request, planOf(canary({}, metrics)), EDGES, telling).streams.map(({ name }) => name)
  }

  it('judges failures, and the edges that tell something of stable', () => {
    expect(names([], 10_000, [9_990, 3_000, 400, 20, 1])).toEqual([
      'errors',
      'slower than 100 ms',
      'slower than 250 ms',
      'slower than 500 ms'
    ])
  })

  it('judges no edge below 10 ms, where the share of the traffic tells more than the version', () => {
    expect(tellingEdges([0.5, 1, 5, 10, 25], 10_000, [9_000, 4_000, 600, 200, 8])).toEqual([10, 25])
    expect(tellingEdges([0.5, 1, 5, 10, 25], 10_000, [9_000, 4_000, 600, 2, 0])).toEqual([])
  })

  it('judges one of several edges with nothing between them', () => {
    expect(tellingEdges([50, 100, 250, 500, 1000], 10_000, [3_000, 400, 400, 400, 400])).toEqual([50, 100])
  })

  it('judges failures alone where stable has hardly been seen', () => {
    expect(names([], 100, [100, 30, 4, 1, 0])).toEqual(['errors'])
  })

  it('judges the bound of request-duration whatever history shows, where the histogram has an edge there', () => {
    const duration = (max: number): readonly unknown[] => [{ name: 'request-duration', thresholdRange: { max }, interval: '1m' }]
    expect(names(duration(500), 100, [100, 30, 4, 1, 0])).toEqual(['errors', 'slower than 500 ms'])
    expect(names(duration(300), 100, [100, 30, 4, 1, 0])).toEqual(['errors'])
  })
})
