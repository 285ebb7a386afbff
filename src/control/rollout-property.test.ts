// Laws that hold for all rollouts, over random histories; test/long/histories has thousands of them.

import { expect, test } from 'vitest'
import { ACTED, playHistories } from '../../test/rollout-histories.ts'
import { LEGAL } from '../../test/rollout-laws.ts'

test('laws of every rollout hold over random histories, which take every legal transition', async () => {
  const reached = await playHistories({ seed: 11, count: 110 })
  expect([...LEGAL, ...ACTED].filter((transition) => (reached.get(transition) ?? 0) < 5)).toEqual([])
  // Nothing of it waits: it computes for seconds, and for a minute on a machine with ten times more to do than it can.
}, 120_000)
