import { expect, test } from 'vitest'
import { tickOf } from '../../test/rollout-objects.ts'
import { isSameRequest, requestEntries, requestsField } from './release-requests.ts'
import { NO_REQUESTS } from './requests.ts'

const AT = '2026-11-22T12:00:00Z'
const tick = tickOf({ kind: 'idle' })
const entries = (heeded: object, annotations: Readonly<Record<string, string>> = {}): unknown =>
  requestEntries(
    {
      canary: { ...tick.canary, metadata: { ...tick.canary.metadata, annotations } },
      finding: { ...tick.finding, heeded: { ...NO_REQUESTS, ...heeded } }
    },
    AT
  )

test('what was asked is kept with what came of it, and who and until when as far as it was said', () => {
  expect(entries({})).toEqual([])
  expect(entries({ drop: ['promote'] }, { 'serin.dev/asked-by': 'ann\u001b', 'serin.dev/asked-until': AT })).toEqual([
    { at: AT, request: 'promote', outcome: 'done', by: 'ann\\x1b', until: AT }
  ])
  expect(entries({ drop: ['promote', 'retry'], idle: ['retry'], forbidden: ['promote'] }, { 'serin.dev/asked-until': 'soon' })).toEqual([
    { at: AT, request: 'promote', outcome: 'refused' },
    { at: AT, request: 'retry', outcome: 'nothing to do' }
  ])
  expect(entries({ drop: ['pause'], expired: ['pause'] })).toEqual([{ at: AT, request: 'pause', outcome: 'expired' }])
})

test('a pause that stays is one entry, and that of another is another', () => {
  const one = { at: AT, request: 'pause', outcome: 'done', by: 'ann' } as const
  expect(isSameRequest(one, { ...one, at: '2026-11-22T13:00:00Z' })).toBe(true)
  expect(isSameRequest(one, { ...one, by: 'bob' })).toBe(false)
  expect([requestsField([]), requestsField([one])]).toEqual([{}, { requests: [one] }])
})
