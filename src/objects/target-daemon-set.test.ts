import { expect, test } from 'vitest'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { deploymentOf } from '../../test/rollout-objects.ts'
import { NOWHERE } from './daemon-set.ts'
import { DAEMON_SET } from './target-daemon-set.ts'

const TERMS = { threshold: 100, deadline: 60_000, since: 0, now: 0 }
const away = deploymentOf('api:1', 'api', { template: { spec: { nodeSelector: { [NOWHERE.key]: NOWHERE.value } } } })

test('a primary that is not there has to be waited for', () => {
  expect(DAEMON_SET.readinessOf(undefined, TERMS)).toBeUndefined()
})

test('a target that runs nowhere is at zero, whatever number it has', () => {
  expect(DAEMON_SET.isAtZero(away)).toBe(true)
  expect(DAEMON_SET.isAtZero(deploymentOf('api:1', 'api', { replicas: 0 }))).toBe(false)
  expect(DAEMON_SET.identityOf(away)).toEqual({ spec: {} })
})

test('its faults are those of its labels, then of its strategy', () => {
  const byHand = { updateStrategy: { type: 'OnDelete' } }
  expect(DAEMON_SET.faultOf(deploymentOf('api:1', 'api', byHand), DEFAULT_LABELS)).toContain('RollingUpdate')
  expect(DAEMON_SET.faultOf(deploymentOf('api:1', 'api', { ...byHand, selector: {} }), DEFAULT_LABELS)).toContain('matchLabels')
  expect(DAEMON_SET.faultOf(deploymentOf('api:1'), DEFAULT_LABELS)).toBeUndefined()
})
