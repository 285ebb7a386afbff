// Thousands of random histories of rollouts. SERIN_SEED: which; SERIN_HISTORIES: how many (default 5,000); SERIN_HISTORY: the number of one,
// which is played alone (fast-check's `path` and 1).

import process from 'node:process'
import { expect, test } from 'vitest'
import { playHistories } from '../rollout-histories.ts'
import { LEGAL } from '../rollout-laws.ts'

test('laws of every rollout hold over thousands of histories, and each legal transition is taken a hundred times', async () => {
  const of = (name: string, usual: number): number => Number(process.env[name] ?? usual)
  const only = process.env['SERIN_HISTORY']
  const count = only === undefined ? of('SERIN_HISTORIES', 5000) : 1
  const reached = await playHistories({ seed: of('SERIN_SEED', 1), count, first: of('SERIN_HISTORY', 1) })
  process.stderr.write(`${[...reached].map(([transition, times]) => `${transition || 'none'} ${times}`).join(', ')}\n`)
  expect(LEGAL.filter((transition) => only === undefined && (reached.get(transition) ?? 0) < 100)).toEqual([])
})
