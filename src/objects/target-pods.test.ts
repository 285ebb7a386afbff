import { expect, test } from 'vitest'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { clusterOf, deploymentOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { selectorLabel, WITH_PODS } from './target-pods.ts'

test('the selector label is the first of those of Flagger', () => {
  const labelled = (matchLabels: Record<string, string>): KubeObject => deploymentOf('api:1', 'api', { selector: { matchLabels } })
  expect(selectorLabel(labelled({ name: 'n', app: 'a' }), DEFAULT_LABELS)).toEqual({ key: 'app', value: 'a' })
  expect(selectorLabel(labelled({ 'app.kubernetes.io/name': 'x', tier: 't' }), DEFAULT_LABELS)).toEqual({
    key: 'app.kubernetes.io/name',
    value: 'x'
  })
  expect(selectorLabel(labelled({ tier: 't' }), DEFAULT_LABELS)).toBeUndefined()
})

test('a target without a label to tell its pods by cannot be rolled out', () => {
  const bare = deploymentOf('api:1', 'api', { selector: { matchLabels: { tier: 't' } } })
  expect(WITH_PODS.faultOf(bare, DEFAULT_LABELS)).toBe('spec.selector.matchLabels must contain one of app, name, app.kubernetes.io/name')
  expect(WITH_PODS.faultOf(clusterOf().target, DEFAULT_LABELS)).toBeUndefined()
})
