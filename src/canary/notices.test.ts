import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { noticesOf, noticeText, refusalsOf } from './notices.ts'

const texts = (analysis: Record<string, unknown>, spec: Record<string, unknown> = {}): readonly string[] => {
  const canary = canaryOf(analysis, spec)
  return noticesOf(canary).map((notice) => noticeText(canary, notice))
}

test.each([
  [{ iterations: 2.5 }, {}, 'canary api.test is not acted on: spec.analysis.iterations 2.5: must be a whole number'],
  [
    { sessionAffinity: { cookieName: 'a b' } },
    {},
    'canary api.test is not acted on: spec.analysis.sessionAffinity.cookieName a b: is not the name of a cookie'
  ],
  [
    { sessionAffinity: { cookieName: 'a', primaryCookieName: 'a' } },
    {},
    'canary api.test is not acted on: spec.analysis.sessionAffinity.primaryCookieName a: must differ from cookieName'
  ],
  [
    { sessionAffinity: { cookieName: 'a', path: '/; Domain=evil' } },
    {},
    "canary api.test is not acted on: spec.analysis.sessionAffinity.path /; Domain=evil: has characters that end a cookie's attribute"
  ],
  [
    { match: [{ headers: {} }], sessionAffinity: { cookieName: 'a' } },
    {},
    'canary api.test: spec.analysis.sessionAffinity has no effect beside match: callers are not split by weight alone'
  ],
  [{ match: [{ headers: {} }], iterations: 2, mirror: true }, {}, 'canary api.test: spec.analysis.mirror has no effect in A/B testing'],
  [
    { metrics: [{ name: 'custom' }] },
    {},
    'canary api.test is not acted on: spec.analysis.metrics[0] custom has no query and no templateRef, and is neither request-success-rate nor request-duration'
  ],
  [
    {},
    { provider: 'linkerd' },
    'canary api.test is not acted on: spec.provider linkerd: only istio and kubernetes are supported; remove it, and traffic is split by a VirtualService that is made for this Canary'
  ],
  [
    {},
    { targetRef: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'api' } },
    'canary api.test is not acted on: spec.targetRef.apiVersion serving.knative.dev/v1: must be apps/v1 for a Deployment or DaemonSet, v1 for a Service'
  ],
  [
    {},
    { targetRef: { kind: 'Deployment', name: 'My_App' } },
    'canary api.test is not acted on: spec.targetRef.name My_App: cannot be the name of an object'
  ],
  [
    {},
    { service: { port: 80, name: 'api.v1' } },
    'canary api.test is not acted on: spec.service.name api.v1: cannot be the name of an object'
  ],
  [
    {},
    { targetRef: { kind: 'StatefulSet', name: 'api' } },
    'canary api.test is not acted on: spec.targetRef.kind StatefulSet: must be Deployment, DaemonSet, Service'
  ],
  [{}, { service: {} }, 'canary api.test is not acted on: spec.service.port is missing'],
  [{ stepWeight: 12.5 }, {}, 'canary api.test is not acted on: spec.analysis.stepWeight 12.5: must be a whole number'],
  [{ stepWeights: [1, 2.5] }, {}, 'canary api.test is not acted on: spec.analysis.stepWeights[1] 2.5: must be a whole number'],
  [{}, { upstreamRef: { name: 'api' } }, 'canary api.test: spec.upstreamRef is accepted but not acted on yet'],
  [
    {},
    { service: { port: 80, gatewayRefs: [{ name: 'g' }] } },
    'canary api.test: spec.service.gatewayRefs is accepted but not acted on yet'
  ],
  [{ interval: '5s' }, {}, 'canary api.test: spec.analysis.interval 5s is below the shortest, 10s, which is used'],
  [{ interval: '1mx' }, {}, 'canary api.test: spec.analysis.interval 1mx is not a duration such as 30s or 5m: 60s is used'],
  [
    { webhooks: [{ name: 'x', url: 'loadtester/gate' }] },
    {},
    'canary api.test: spec.analysis.webhooks[0].url loadtester/gate is never called: it is no URL'
  ],
  [
    { webhooks: [{ name: 'x', url: 'file:///etc/passwd' }] },
    {},
    'canary api.test: spec.analysis.webhooks[0].url file:///etc/passwd is never called: only http and https are'
  ],
  [
    { webhooks: [{ name: 'x', url: 'http://0xA9FEA9FE/latest' }] },
    {},
    'canary api.test: spec.analysis.webhooks[0].url http://0xA9FEA9FE/latest is never called: it is a link-local or metadata address, unless the operator allows those'
  ],
  [
    { webhooks: [{ name: 'x', url: 'http://x', timeout: '5sec' }] },
    {},
    'canary api.test: spec.analysis.webhooks[0].timeout 5sec is not a duration such as 30s or 5m: 10s is used'
  ]
])('%j %j is named', (analysis, spec, notice) => {
  expect(texts(analysis, spec)).toEqual([notice])
})

test('a Canary that asks for nothing more gets no notice', () => {
  expect(texts({ mirror: false, alerts: [], match: [], iterations: 0, mirrorWeight: 0 }, { provider: 'istio' })).toEqual([])
  expect(refusalsOf(canaryOf()['spec'])).toEqual([])
})
