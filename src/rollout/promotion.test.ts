import { expect, test } from 'vitest'
import { canaryOf, clusterOf, configMapOf, configViewOf, deploymentOf, REVISION } from '../../test/rollout-objects.ts'
import { planOf } from '../canary/plan.ts'
import { carries, copyMark, isBegun } from './promotion.ts'
import { PROMOTION_ANNOTATION, promotionMark, withConfigs } from '../objects/revision.ts'

const plan = planOf(canaryOf())
const primaryWith = (mark: string) =>
  deploymentOf('api:2', 'api-primary', { template: { metadata: { annotations: { 'flagger-id': mark } } } })

test('the primary carries the revision whose mark is on its template, and no other of the same template', () => {
  const [blue, green] = [withConfigs(REVISION, { 'configmap/x': '1' }), withConfigs(REVISION, { 'configmap/x': '2' })]
  const primary = primaryWith(promotionMark(plan.uid, blue))
  expect(carries(primary, plan, blue)).toBe(true)
  expect(carries(primary, plan, green)).toBe(false)
  expect(carries(undefined, plan, blue)).toBe(false)
})

test('a promotion has begun when the primary or a copy has its mark; a mark of an earlier promotion is none', () => {
  const marked = (mark: string) =>
    clusterOf({ configs: [configViewOf(configMapOf('x', {}), configMapOf('x-primary', {}, { [PROMOTION_ANNOTATION]: mark }))] })
  expect(isBegun(clusterOf(), plan, REVISION, 7)).toBe(false)
  expect(isBegun(clusterOf({ primary: primaryWith(promotionMark(plan.uid, REVISION)) }), plan, REVISION, 7)).toBe(true)
  expect(isBegun(marked(copyMark(plan, REVISION, 7)), plan, REVISION, 7)).toBe(true)
  expect(isBegun(marked(copyMark(plan, REVISION, 7)), plan, REVISION, 8)).toBe(false)
  expect(isBegun(marked(copyMark(plan, 's1-x', 7)), plan, REVISION, 7)).toBe(false)
})
