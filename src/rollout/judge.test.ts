import { expect, test } from 'vitest'
import { judgeHook } from './judge.ts'

test.each([
  [200, '', { kind: 'yes' }],
  [204, '', { kind: 'yes' }],
  [400, 'metadata not found in payload\n', { kind: 'no', because: '400: metadata not found in payload' }],
  [500, '', { kind: 'no', because: '500' }],
  [302, '', { kind: 'no', because: '302' }]
])('a webhook that answers %d %j', (status, body, answer) => {
  expect(judgeHook({ kind: 'answered', status, body })).toEqual(answer)
})

test('a webhook without an answer is refused with the reason', () => {
  expect(judgeHook({ kind: 'unreachable', because: 'connect refused' })).toEqual({ kind: 'no', because: 'connect refused' })
})
