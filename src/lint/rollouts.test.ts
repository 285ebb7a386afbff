import { expect, test } from 'vitest'
import { canaryOf, configMapOf, deploymentOf } from '../../test/rollout-objects.ts'
import { lint } from './lint.ts'
import { problemLine } from './problem-text.ts'
import { lintRollouts } from './rollouts.ts'

const lines = (...objects: Parameters<typeof lint>[0]): readonly string[] => lintRollouts(objects).map(problemLine)

test('a field that the rollout or the rules it writes do not act on is named at its place in the Canary', () => {
  const service = {
    port: 80,
    timeout: '5s',
    gatewayRefs: [{ name: 'g' }],
    corsPolicy: { allowMethods: ['GET'] },
    trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' }, tls: { mode: 'SIMPLE' } }
  }
  expect(lines(canaryOf({}, { service }))).toEqual([
    'warning: Canary test/api: spec.service.gatewayRefs: gatewayRefs is accepted but not applied yet [not-applied-yet]',
    'warning: Canary test/api: spec.service.trafficPolicy.tls: tls is accepted but not applied yet [not-applied-yet]'
  ])
})

test('a Canary that cannot be acted on is an error, and that is all that is said of it', () => {
  expect(lines(canaryOf({ iterations: 3.5 }, { autoscalerRef: { kind: 'x', name: 'x' } }))).toEqual([
    'error: Canary test/api: spec.analysis.iterations: 3.5: must be a whole number; the Canary is not acted on [canary-refused]'
  ])
})

test('a raised interval is named', () => {
  expect(lines(canaryOf({ interval: '5s' }))).toEqual([
    'warning: Canary test/api: spec.analysis.interval: 5s is below the shortest, 10s, which is used [read-otherwise]'
  ])
})

test.each([
  ['MetricTemplate', {}, []],
  ['MetricTemplate', { query: '{{ target }}[{{ interval }}]' }, []],
  [
    'MetricTemplate',
    { query: '{{ tarrget }}' },
    [
      'warning: MetricTemplate test/x: spec.query: line 1: function "tarrget" not defined: checks with it hold their Canary [read-otherwise]'
    ]
  ],
  ['AlertProvider', {}, []]
])('of a %s %j beside a plain Canary is told: %j', (kind, spec, told) => {
  const object = { apiVersion: 'flagger.app/v1beta1', kind, metadata: { name: 'x', namespace: 'test' }, spec }
  expect(lines(object, canaryOf())).toEqual(told)
})

test('lint tells of Canaries among the rest', () => {
  expect(lint([canaryOf({}, { service: { port: 80, gatewayRefs: [{ name: 'g' }] } })]).map(({ code }) => code)).toContain('not-applied-yet')
})

test('the ConfigMap with the options of the gate is read, and missed where everything of the Canary is given', () => {
  const plain = canaryOf()
  const canary = { ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/gate-config': 'rules' } } }
  const told = (...objects: Parameters<typeof lint>[0]): readonly string[] =>
    lint([canary, ...objects])
      .map(problemLine)
      .filter((line) => line.includes('gate-config'))
  const where = 'warning: Canary test/api: metadata.annotations[serin.dev/gate-config]: ConfigMap rules'
  expect(told(configMapOf('rules', { alpha: '1%' }))).toEqual([])
  expect(told(configMapOf('rules', { alpha: 'high' }))).toEqual([expect.stringContaining(`${where}: data.alpha "high": must be a chance`)])
  expect(told(deploymentOf('api:1'))).toEqual([`${where} not found: what annotations do not say is at its default [read-otherwise]`])
  expect(told()).toEqual([])
})

test.each([
  ['api', '"api" is the target, which is the canary itself; the canary is compared with the primary'],
  ['api-primary', '"api-primary" is the primary: that needs no word; the canary is compared with the primary'],
  ['Api_Old', '"Api_Old": must be fresh, none, or the name of a workload; the canary is compared with the primary']
])('the baseline %s is named', (name, text) => {
  const plain = canaryOf()
  const canary = { ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/baseline': name } } }
  expect(lines(canary)).toEqual([`warning: Canary test/api: metadata.annotations[serin.dev/baseline]: ${text} [read-otherwise]`])
})

test('a query that counts both versions is named with what it will not see, from a MetricTemplate too', () => {
  const query = '100 * sum(rate(istio_requests_total{destination_workload=~"{{ target }}.*", response_code=~"5.."}[1m]))'
  const own = canaryOf({ metrics: [{ name: 'e', query, thresholdRange: { max: 1 } }] })
  const weak =
    'warning: Canary test/api: spec.analysis.metrics[0]: counts both versions: at 20 % it passes while up to 5 % of the canary\'s requests fail; select the canary alone, such as by destination_workload="api" [weak-check]'
  expect(lines(own)).toEqual([weak])
  const metadata = { name: 'e', namespace: 'test' }
  const spec = { provider: { type: 'prometheus', address: 'http://prometheus:9090' }, query }
  const template = { apiVersion: 'flagger.app/v1beta1', kind: 'MetricTemplate', metadata, spec }
  expect(lines(canaryOf({ metrics: [{ name: 'e', templateRef: { name: 'e' }, thresholdRange: { max: 1 } }] }), template)).toEqual([weak])
})
