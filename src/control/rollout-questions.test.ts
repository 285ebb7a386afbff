import { expect, test } from 'vitest'
import { hookOf } from '../../test/rollout-objects.ts'
import type { Answer, HookCall, Question } from '../rollout/ask.ts'
import type { HookOutcome } from '../rollout/judge.ts'
import type { Hook } from '../canary/plan.ts'
import { VirtualClock } from '../std/clock.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { callHook, putQuestions } from './rollout-questions.ts'

const never = new AbortController().signal
const answered = (status: number): HookOutcome => ({ kind: 'answered', status, body: '' })
const LOST: HookOutcome = { kind: 'unreachable', because: 'connect refused' }

function call(retries: number): HookCall {
  const hook: Hook = {
    ...hookOf('rollout'),
    type: 'rollout',
    disableTls: false,
    muteAlert: false,
    timeout: 5000,
    retries,
    metadata: undefined
  }
  return { kind: 'hook', hook, payload: { name: 'api', namespace: 'test', phase: 'Progressing', checksum: '1' } }
}

/** Ports whose webhooks answer these one after the other, the last one for ever; `at` is when they were asked. */
function given(...outcomes: readonly HookOutcome[]): { ports: RolloutPorts; clock: VirtualClock; at: number[] } {
  const [clock, at] = [new VirtualClock(), [] as number[]]
  const hooks: RolloutPorts['hooks'] = {
    call: () => Promise.resolve(outcomes[Math.min(at.push(clock.now()), outcomes.length) - 1] ?? LOST)
  }
  // Only what the questions need.
  return {
    ports: { clock, hooks } as unknown as RolloutPorts,
    clock,
    at
  }
}

test.each<readonly [string, readonly HookOutcome[], number, number]>([
  ['a success is not repeated', [answered(200)], 3, 1],
  ['without retries nothing is', [LOST], 0, 1],
  ['a lost connection is', [LOST], 2, 3],
  ['429 is', [answered(429), answered(200)], 3, 2],
  ['500 and 503 are', [answered(500), answered(503), answered(202)], 5, 3],
  ['501 is not', [answered(501)], 3, 1],
  ['403, a refusal, is not', [answered(403)], 3, 1],
  ['a URL that is not called is not', [{ kind: 'refused', because: 'x' }], 3, 1]
])('webhooks: %s', async (_, outcomes, retries, calls) => {
  const { ports, clock, at } = given(...outcomes)
  const outcome = callHook(ports, call(retries), never)
  await clock.advance(600_000)
  expect(await outcome).toEqual(outcomes.at(-1))
  expect(at).toHaveLength(calls)
})

test('webhooks: pauses double from 1 s to 30 s', async () => {
  const { ports, clock, at } = given(LOST)
  const outcome = callHook(ports, call(7), never)
  await clock.advance(600_000)
  await outcome
  expect(at.map((time, index) => time - (at[index - 1] ?? 0))).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
})

test('webhooks: the end of the program ends the pause', async () => {
  const { ports, clock } = given(LOST)
  const stop = new AbortController()
  const outcome = callHook(ports, call(3), stop.signal)
  await clock.advance(500)
  stop.abort(new Error('stopping'))
  await expect(outcome).rejects.toThrow('stopping')
})

test('questions are put in order until one is answered by its stop', async () => {
  const { ports, at } = given(answered(200), answered(400), answered(200))
  const ask = (about: Question['about']): Question => ({ about, put: call(0), stopAt: 'no' })
  const answers = await putQuestions(ports, [ask('approval'), ask('load'), ask('promotion')], 'hold', never)
  expect(answers).toEqual<readonly Answer[]>([{ kind: 'yes' }, { kind: 'no', because: '400' }])
  expect(at).toHaveLength(2)
})
