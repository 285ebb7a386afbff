// Rollouts whose pace the gate sets, killed at any instant and started again. Each second of the good ones: test/long/faults.long.test.ts.

import { describe, test } from 'vitest'
import { killedAnytime, killedAnywhere, PACED } from '../../test/rollout-scenarios.ts'

describe.each(PACED)('$name', (scenario) => {
  // Proof comes later when the counting begins again: meanwhile another look may be due.
  test(
    'killed before any one write, webhook call or Event, it takes the same way to the same end and repeats two ticks at most',
    { timeout: 120_000 },
    () => killedAnywhere(scenario, 2)
  )
})

test.each(PACED.filter(({ phase }) => phase === 'Failed'))(
  'killed between two ticks, in any second, it does nothing twice: $name',
  killedAnytime
)
