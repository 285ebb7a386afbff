import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterAnswer, startProbe } from './probe-state.ts'

test('the verdict is that of the last run of answers long enough, and the first one before that', () => {
  const answers = fc.array(fc.constantFrom('success' as const, 'failure' as const), { maxLength: 20 })
  const thresholds = fc.record({ successThreshold: fc.integer({ min: 1, max: 3 }), failureThreshold: fc.integer({ min: 1, max: 3 }) })
  fc.assert(
    fc.property(thresholds, answers, (probe, list) => {
      let state = startProbe(probe, 'open', 0)
      for (const answer of list) state = afterAnswer(probe, state, answer, 0)
      const word = list.map((answer) => (answer === 'success' ? 's' : 'f')).join('')
      const passed = word.lastIndexOf('s'.repeat(probe.successThreshold))
      const failed = word.lastIndexOf('f'.repeat(probe.failureThreshold))
      const expected = passed < 0 && failed < 0 ? 'open' : passed > failed ? 'passed' : 'failed'
      expect(state.verdict).toBe(expected)
    })
  )
})

test('the first question waits initialDelaySeconds, the next ones periodSeconds', () => {
  const probe = { initialDelaySeconds: 5, periodSeconds: 2 }
  const state = startProbe(probe, 'failed', 1000)
  expect(state.nextAt).toBe(6000)
  expect(afterAnswer(probe, state, 'success', 6100)).toEqual({ verdict: 'passed', successes: 1, failures: 0, nextAt: 8100 })
  expect(afterAnswer({}, state, 'success', 0).nextAt).toBe(10_000)
})
