import { expect, test } from 'vitest'
import { sourceOf } from '../../test/argo.ts'
import { gate } from './argo-strategy.ts'

test("a gate is the load tester's, in the namespace of the Rollout", () => {
  expect(gate('confirm-promotion', sourceOf('Rollout', {}))).toEqual({
    name: 'confirm-promotion',
    type: 'confirm-promotion',
    url: 'http://flagger-loadtester.shop/gate/check'
  })
})
