import { expect, test } from 'vitest'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { deploymentOf } from '../../test/rollout-objects.ts'
import { SERVICE } from './target-service.ts'

const TERMS = { threshold: 100, deadline: 60_000, since: 0, now: 0 }

test('a Service is always ready, also before its clone is made, and is never scaled', () => {
  const service = deploymentOf('api:1', 'api', { replicas: 0, selector: { tier: 't' } })
  expect(SERVICE.readinessOf(undefined, TERMS)).toMatchObject({ kind: 'ready', pods: 1 })
  expect(SERVICE.isAtZero(service)).toBe(false)
  expect(SERVICE.scale(service, 2, 'zero')).toEqual([])
})

test('a Service needs no label, and has no pods of its own that read anything', () => {
  const service = deploymentOf('api:1', 'api', { selector: { tier: 't' } })
  expect(SERVICE.faultOf(service, DEFAULT_LABELS)).toBeUndefined()
  expect(SERVICE.labelOf(service, DEFAULT_LABELS)).toBeDefined()
  expect(SERVICE.podSpecOf(service)).toBeUndefined()
})
