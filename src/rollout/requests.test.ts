import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { heed, type Met, type Request, REQUESTS, requestsOf } from './requests.ts'

const met = (more: Partial<Met> = {}): Met => ({
  phase: 'progressing',
  situation: 'look',
  failed: 'no',
  primary: 'available',
  previous: 'untouched',
  ...more
})
const resting = (more: Partial<Met> = {}): Met => met({ phase: 'succeeded', situation: 'idle', ...more })

test('requests are read from annotations whose value is true, the safest first', () => {
  const annotated = (annotations: Readonly<Record<string, string>>) => ({ ...canaryOf(), metadata: { name: 'api', annotations } })
  const all = Object.fromEntries(Object.values(REQUESTS).map((name) => [name, 'true']))
  expect(requestsOf(annotated(all))).toEqual(['abort', 'pause', 'restart', 'retry', 'promote'])
  expect(requestsOf(annotated({ 'serin.dev/promote': 'yes', 'serin.dev/pause': 'true' }))).toEqual(['pause'])
  expect(requestsOf(canaryOf())).toEqual([])
})

test.each<readonly [readonly Request[], Met, object]>([
  // Of several the safest wins, and takes the others with it.
  [['abort', 'pause', 'promote'], met(), { act: 'abort', drop: ['abort', 'pause', 'promote'], idle: [] }],
  [['abort', 'retry'], met({ phase: 'failed', failed: 'retryable' }), { act: undefined, drop: ['abort', 'retry'], idle: ['abort'] }],
  [['restart', 'promote'], met(), { act: 'restart', drop: ['restart', 'promote'] }],
  [['pause', 'promote'], met(), { act: undefined, paused: true, drop: ['promote'], forbidden: ['promote'] }],
  [['pause', 'restart'], met(), { act: 'restart', paused: true, drop: ['restart'] }],
  [['pause', 'retry'], resting({ phase: 'failed', failed: 'retryable' }), { act: 'retry', paused: true, drop: ['retry'] }],
  // With nothing to act on they go, and it is said.
  [['abort'], met({ phase: 'promoting', situation: 'wait' }), { act: undefined, drop: ['abort'], idle: ['abort'] }],
  [['abort'], met({ phase: 'promoting', previous: 'gone' }), { act: undefined, drop: ['abort'], idle: ['abort'] }],
  [['abort'], met({ phase: 'promoting', previous: 'kept' }), { act: 'take-back', drop: ['abort'], idle: [] }],
  [['abort'], resting({ phase: 'failed', failed: 'mendable', previous: 'kept' }), { act: 'take-back', drop: ['abort'], idle: [] }],
  [['abort'], met({ previous: 'gone' }), { act: 'abort' }],
  [['pause'], resting(), { paused: false, drop: ['pause'], idle: ['pause'] }],
  [['restart'], met({ phase: 'waiting', situation: 'new-revision' }), { drop: ['restart'], idle: ['restart'] }],
  [['retry'], met(), { drop: ['retry'], idle: ['retry'] }],
  [['promote'], resting({ phase: 'failed', failed: 'retryable' }), { drop: ['promote'], idle: ['promote'] }],
  // What was acted on before a crash is not told as nothing.
  [['promote'], met({ phase: 'promoting', situation: 'wait' }), { act: undefined, drop: ['promote'], idle: [] }],
  [['retry'], resting({ phase: 'failed', situation: 'new-revision', failed: 'pending' }), { act: undefined, drop: ['retry'], idle: [] }],
  // What cannot be done yet stays.
  [['promote'], met({ situation: 'not-ready' }), { act: undefined, drop: [] }],
  [['promote'], met({ phase: 'waiting', situation: 'new-revision' }), { act: 'approve', drop: [] }],
  [['restart'], met({ primary: 'away' }), { act: undefined, drop: [] }],
  [['retry'], resting({ phase: 'failed', failed: 'unready' }), { act: 'mend', drop: [] }],
  // What was meant for another revision is not done to this one.
  [['promote'], met({ situation: 'restart' }), { act: undefined, drop: ['promote'], idle: ['promote'] }]
])('%j met by %j', (asked, moment, heeded) => {
  expect(heed(asked, moment)).toMatchObject(heeded)
})
