// Thousands of random histories of rollouts. SERIN_SEED: which; SERIN_HISTORIES: how many (default 5,000).

import process from 'node:process'
import { expect, test } from 'vitest'
import { OFTEN, playHistories } from '../rollout-histories.ts'

test('laws of every rollout hold over thousands of histories, and each usual transition is taken a hundred times', async () => {
  const reached = await playHistories(Number(process.env['SERIN_SEED'] ?? 1), Number(process.env['SERIN_HISTORIES'] ?? 5000))
  process.stderr.write(`${[...reached].map(([transition, count]) => `${transition || 'none'} ${count}`).join(', ')}\n`)
  expect(OFTEN.filter((transition) => (reached.get(transition) ?? 0) < 100)).toEqual([])
})
