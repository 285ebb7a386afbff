import { expect, test } from 'vitest'
import { notesOf, sourceOf } from '../../test/argo.ts'
import { canaryOf } from './argo-canary.ts'

const ISTIO = { trafficRouting: { istio: {} } }

function convert(steps: readonly object[], more: object = {}) {
  const notes = notesOf()
  const strategy = canaryOf(sourceOf('Rollout', { strategy: { canary: { ...ISTIO, ...more, steps } } }), notes.notes)
  return { strategy, lines: notes.lines() }
}

const types = (hooks: readonly Readonly<Record<string, unknown>>[]): unknown => hooks.map(({ type }) => type)

test('weights with equal pauses lose nothing', () => {
  const { strategy, lines } = convert([{ setWeight: 10 }, { pause: { duration: '2m' } }, { setWeight: 50 }, { pause: { duration: 120 } }])
  expect(strategy).toMatchObject({ shape: { stepWeights: [10, 50] }, interval: 120, hooks: [], skipAnalysis: false })
  expect(lines).toEqual([])
})

test.each([
  [[{ pause: {} }, { setWeight: 10 }], 'confirm-rollout'],
  [[{ setWeight: 10 }, { pause: {} }, { setWeight: 20 }], 'confirm-traffic-increase'],
  [[{ setWeight: 10 }, { pause: {} }], 'confirm-promotion']
])('a pause without an end in %j is %s', (steps, type) => {
  const { strategy, lines } = convert(steps)
  expect(types(strategy.hooks)).toEqual([type])
  expect(lines).toEqual([expect.stringMatching(/^warning .*pause: waits for a person/)])
})

test('of pauses that differ the most common one counts, and the others are said', () => {
  const { strategy, lines } = convert(
    [10, 20, 30].map((weight) => [{ setWeight: weight }, { pause: { duration: weight === 20 ? '1h' : '30s' } }]).flat()
  )
  expect(strategy.interval).toBe(30)
  expect(lines).toEqual([
    'warning spec.strategy.canary.steps[3].pause.duration: 3600 s here, 30 s as analysis.interval: all steps take as long'
  ])
})

test('header routes are A/B without weights, and left out beside them', () => {
  const header = { setHeaderRoute: { name: 'qa', match: [{ headerName: 'x', headerValue: { exact: 'y' } }] } }
  expect(convert([header, { pause: { duration: 60 } }]).strategy.shape).toEqual({
    iterations: 1,
    match: [{ headers: { x: { exact: 'y' } } }]
  })
  const both = convert([header, { setWeight: 10 }])
  expect(both.strategy.shape).toEqual({ stepWeights: [10] })
  expect(both.lines).toEqual([expect.stringMatching(/^warning spec\.strategy\.canary\.steps\[0\]\.setHeaderRoute: is left out/)])
})

test('mirroring comes before the first weight', () => {
  const mirror = { setMirrorRoute: { name: 'm', percentage: 30, match: [{ path: { prefix: '/' } }] } }
  expect(convert([mirror, { setWeight: 10 }]).strategy.shape).toEqual({ stepWeights: [10], mirror: true, mirrorWeight: 30 })
  expect(convert([{ setWeight: 10 }, mirror]).lines.join()).toContain('requests are copied before the first weight')
})

test('no steps are no analysis; other routers and denominators are errors', () => {
  expect(convert([]).strategy).toMatchObject({ skipAnalysis: true, shape: { iterations: 1 } })
  const { lines } = convert([{ setWeight: 1 }], { trafficRouting: { alb: {}, maxTrafficWeight: 1000 } })
  expect(lines.map((line) => line.split(':')[0])).toEqual([
    'error spec.strategy.canary.trafficRouting.alb',
    'error spec.strategy.canary.trafficRouting.maxTrafficWeight'
  ])
})

test('a percentage of ready replicas is kept', () => {
  expect(convert([{ setWeight: 1 }], { replicaProgressThreshold: { type: 'Percent', value: 80 } }).strategy.readyThreshold).toBe(80)
})
