import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { type Notice, noticesOf } from './notices.ts'
import { tcpRefusals, withoutTcpEffect } from './tcp-notices.ts'

const notices = (analysis: Record<string, unknown>, service: Record<string, unknown> = {}): readonly string[] =>
  noticesOf(canaryOf({ metrics: [], ...analysis }, { service: { port: 9000, appProtocol: 'TCP', ...service } })).map(
    ({ kind, path }: Notice) => `${kind} ${path}`
  )

test.each<readonly [string, Record<string, unknown>, Record<string, unknown>, readonly string[]]>([
  ['weights', {}, {}, []],
  ['blue/green', { iterations: 3, stepWeight: 0 }, {}, []],
  ['a MetricTemplate', { metrics: [{ name: 'cut-off', templateRef: { name: 'cut-off' } }] }, {}, []],
  ['ports', {}, { match: [{ port: 9000 }] }, []],
  ['the success rate', { metrics: [{ name: 'request-success-rate' }] }, {}, ['refused spec.analysis.metrics[0]']],
  // The name alone makes it Flagger's own.
  [
    'the duration, whatever is beside it',
    {
      metrics: [
        { name: 'a', query: 'b' },
        { name: 'request-duration', templateRef: { name: 'c' } }
      ]
    },
    {},
    ['refused spec.analysis.metrics[1]']
  ],
  ['callers that match', { match: [{ headers: {} }], iterations: 3 }, {}, ['refused spec.analysis.match']],
  ['copies', { mirror: true }, {}, ['not-acted-on spec.analysis.mirror']],
  ['cookies', { sessionAffinity: { cookieName: 'a' } }, {}, ['not-acted-on spec.analysis.sessionAffinity']],
  ['a timeout and retries', {}, { retries: {}, timeout: '1s' }, ['not-acted-on spec.service.timeout', 'not-acted-on spec.service.retries']],
  ['paths', {}, { match: [{ port: 9000 }, { uri: { prefix: '/' } }] }, ['not-acted-on spec.service.match[1].uri']]
])('connections and %s', (_, analysis, service, said) => {
  expect(notices(analysis, service)).toEqual(said)
})

test('a Canary of requests hears nothing of it', () => {
  const { spec } = canaryOf({ mirror: true, match: [{ headers: {} }] }, { service: { port: 80, timeout: '1s', appProtocol: 'http' } })
  expect([...tcpRefusals(spec), ...withoutTcpEffect(spec)]).toEqual([])
})

test('who asks for checks of requests is told what to use', () => {
  const { spec } = canaryOf({}, { service: { port: 9000, appProtocol: 'tcp' } })
  expect(tcpRefusals(spec)[0]?.text).toMatch(/templateRef or a query under another name, e\.g\. of istio_tcp_connections_closed_total$/)
})
