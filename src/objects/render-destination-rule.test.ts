import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { planOf } from '../canary/plan.ts'
import { ruleWrites } from './render-destination-rule.ts'

test('subsets of a live DestinationRule stay', () => {
  const object = canaryOf({}, { service: { port: 80, trafficPolicy: { tls: { mode: 'DISABLE' } } } })
  const live = { apiVersion: 'v', kind: 'DestinationRule', metadata: { name: 'api-canary' }, spec: { host: 'api-canary', subsets: [] } }
  expect(ruleWrites(object, planOf(object), 'canary', live)).toMatchObject([
    { patch: { operations: [{ op: 'add', path: '/spec/trafficPolicy', value: { tls: { mode: 'DISABLE' } } }] } }
  ])
})
