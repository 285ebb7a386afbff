import { expect, test } from 'vitest'
import { deploymentOf } from '../../test/rollout-objects.ts'
import { DEPLOYMENT } from './target-deployment.ts'

const TERMS = { threshold: 100, deadline: 60_000, since: 0, now: 0 }

test('a primary that is not there has to be waited for', () => {
  expect(DEPLOYMENT.readinessOf(undefined, TERMS)).toBeUndefined()
  expect(DEPLOYMENT.readinessOf(deploymentOf('api:1'), TERMS)).toMatchObject({ kind: 'waiting' })
})

test('a target of no replicas is at zero', () => {
  expect(DEPLOYMENT.isAtZero(deploymentOf('api:1', 'api', { replicas: 0 }))).toBe(true)
  expect(DEPLOYMENT.isAtZero(deploymentOf('api:1', 'api', { replicas: undefined }))).toBe(false)
})
