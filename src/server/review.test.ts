import { expect, test } from 'vitest'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { answerReview } from './review.ts'

const BOB = { 'impersonate-user': 'bob', 'impersonate-group': 'team' }
const review = (kind: string, headers: Record<string, string>, body: unknown): unknown => {
  const spec = BUILTIN_KINDS.find((each) => each.kind === kind)
  if (spec === undefined) throw new Error(`no kind ${kind}`)
  const answer = answerReview(body, spec, headers, 0)
  return answer.kind === 'object' ? answer.object : answer.kind === 'failure' && answer.status
}
const asked = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }

test.each([
  [{}, true],
  [BOB, false],
  [{ 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' }, true]
])('a caller with %j may do everything: %s', (headers, allowed) => {
  const kind = 'SelfSubjectAccessReview'
  expect(review(kind, headers, asked)).toMatchObject({ kind, apiVersion: 'authorization.k8s.io/v1', ...asked, status: { allowed } })
  const rules = review('SelfSubjectRulesReview', headers, { spec: { namespace: 'demo' } })
  expect(rules).toMatchObject({ status: { resourceRules: allowed ? [{ verbs: ['*'] }] : [], incomplete: false } })
})

test('a caller is the administrator, or whom the administrator impersonates', () => {
  const groups = ['system:masters', 'system:authenticated']
  expect(review('SelfSubjectReview', {}, {})).toMatchObject({ status: { userInfo: { username: 'admin', uid: 'admin', groups } } })
  expect(review('SelfSubjectReview', BOB, {})).toMatchObject({
    status: { userInfo: { username: 'bob', groups: ['team', 'system:authenticated'] } }
  })
})

test('a review that asks for nothing, or for two things, is refused', () => {
  const refusal = { code: 422, message: expect.stringContaining('exactly one of') }
  expect(review('SelfSubjectAccessReview', {}, { spec: {} })).toMatchObject(refusal)
  const both = { spec: { ...asked.spec, nonResourceAttributes: { path: '/', verb: 'get' } } }
  expect(review('SelfSubjectAccessReview', {}, both)).toMatchObject(refusal)
})
