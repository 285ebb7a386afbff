import { expect, test } from 'vitest'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { widget } from '../../test/conformance/small-world.ts'
import { apiRules } from './api-rules.ts'
import type { Served } from './kind-rules.ts'

const served = (kind: string): Served => {
  const spec = BUILTIN_KINDS.find((each) => each.kind === kind)!
  return { spec, version: spec.versions[0]! }
}
const rules = apiRules()

test('a namespace begins active and labelled, a pod pending', () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } }
  expect(rules.prepare(namespace, undefined, { served: served('Namespace'), now: 0 })).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' }
  })
  const resources = { limits: { cpu: '1', memory: '1Gi' } }
  const pod = (of: unknown): unknown =>
    rules.prepare({ apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: [{ resources: of }] } }, undefined, {
      served: served('Pod'),
      now: 0
    })['status']
  expect(pod({})).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
  expect(pod(resources)).toEqual({ phase: 'Pending', qosClass: 'Guaranteed' })
  expect(pod({ requests: { cpu: '1' } })).toEqual({ phase: 'Pending', qosClass: 'Burstable' })
})

test('the selector of a Deployment cannot change, and a Service keeps its address', () => {
  const deployment = (app: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { app } } }
  })
  const causes = rules.validate(deployment('y'), deployment('x'), served('Deployment'))
  expect(causes.find((cause) => cause.field === 'spec.selector')?.message).toBe(
    'Invalid value: {"matchLabels":{"app":"y"}}: field is immutable'
  )
  const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec })
  const at = { served: served('Service'), now: 0 }
  expect(rules.prepare(service({ ports: [] }), service({ clusterIP: '127.0.0.9' }), at)['spec']).toMatchObject({ clusterIP: '127.0.0.9' })
})

test('names are lowercase subdomains, and label selectors that cannot be read say why', () => {
  expect(
    rules.validate({ ...widget('Bad_Name'), apiVersion: 'v1', kind: 'ConfigMap' }, undefined, served('ConfigMap'))[0]?.message
  ).toContain('Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain')
  expect(rules.labelSelector('a in b')).toBe("unable to parse requirement: found 'b' expected: '('")
  expect(rules.time(0)).toBe('1970-01-01T00:00:00Z')
})

test("Istio's objects are denied as istiod's webhook denies them; warnings deny nothing", () => {
  const rule = (weights: readonly number[]) => {
    const route = weights.map((weight) => ({ destination: { host: 'a' }, weight }))
    return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: {}, spec: { hosts: ['a'], http: [{ route }] } }
  }
  expect(rules.deny?.(rule([0, 0]), served('Service'))).toBe(
    'admission webhook "validation.istio.io" denied the request: configuration is invalid: total destination weight = 0 (spec.http[0].route)'
  )
  expect(rules.deny?.(rule([200, 100]), served('Service'))).toBeUndefined()
  expect(rules.deny?.({ apiVersion: 'v1', kind: 'Service', metadata: {} }, served('Service'))).toBeUndefined()
})
