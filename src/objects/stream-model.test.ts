import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { planOf } from '../canary/plan.ts'
import { streamModel } from './stream-model.ts'

test('the model fills in a baseline by its name, that of one of the user’s own for its Service too', () => {
  const named = (text: string): unknown => {
    const plain = canaryOf()
    const plan = planOf({ ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/baseline': text } } })
    const { target, service, variables } = streamModel(plan, 'baseline')
    return { target, service, variables }
  }
  const variables = { version: 'baseline' }
  expect(named('fresh')).toEqual({ target: 'api-baseline', service: 'api-baseline', variables })
  expect(named('old')).toEqual({ target: 'old', service: 'old', variables })
})

test('the model names the workload and the Service of each version', () => {
  const plan = planOf(canaryOf())
  const [canary, primary] = [streamModel(plan, 'canary'), streamModel(plan, 'primary')]
  expect([canary.target, canary.service, canary.variables]).toEqual(['api', 'api-canary', { version: 'canary' }])
  expect([primary.target, primary.service, primary.variables]).toEqual(['api-primary', 'api-primary', { version: 'primary' }])
})
