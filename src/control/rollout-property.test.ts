// Laws that hold for all rollouts, over random histories; test/long/histories has thousands of them.

import { expect, test } from 'vitest'
import { ACTED, OFTEN, playHistories } from '../../test/rollout-histories.ts'

test('laws of every rollout hold over random histories, which reach every usual transition', async () => {
  const reached = await playHistories(11, 110)
  expect([...OFTEN, ...ACTED].filter((transition) => (reached.get(transition) ?? 0) < 5)).toEqual([])
  // Nothing of it waits: it computes for seconds, and for a minute on a machine with ten times more to do than it can.
}, 120_000)
