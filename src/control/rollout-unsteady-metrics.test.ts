// Metrics that come and go, lie and are away: what each answer counts for, and whole rollouts on random sequences of them. Only failures
// roll back, only passes lead on, and nothing else does either.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Laws } from '../../test/rollout-laws.ts'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { Measurement } from '../rollout/judge-metric.ts'
import { dig } from '../std/json.ts'

type Outcome = 'pass' | 'fail' | 'unknown'

const value = (number: number): Measurement => ({ kind: 'value', value: number })
const NO_DATA: Measurement = { kind: 'no-data' }
const STALE: Measurement = { kind: 'no-data', because: 'the newest value is 900 s old' }
const DOWN: Measurement = { kind: 'down', because: '503 from prometheus' }
const WRONG: Measurement = { kind: 'misconfigured', because: 'its query gives a range of values' }
const ALWAYS: readonly (readonly [Measurement, Outcome])[] = [
  [NO_DATA, 'unknown'],
  [STALE, 'unknown'],
  [DOWN, 'unknown'],
  [WRONG, 'unknown'],
  [value(NaN), 'unknown'],
  [value(Infinity), 'unknown'],
  [value(-Infinity), 'unknown']
]

/** What each check makes of what it is told. Of a custom metric nothing is known but its bounds. */
const CHECKS: Readonly<Record<string, { readonly metric: unknown; readonly told: readonly (readonly [Measurement, Outcome])[] }>> = {
  rate: {
    metric: { name: 'request-success-rate', thresholdRange: { min: 99 } },
    told: [...ALWAYS, [value(100), 'pass'], [value(98.9), 'fail'], [value(0), 'fail'], [value(-3), 'unknown'], [value(250), 'unknown']]
  },
  duration: {
    metric: { name: 'request-duration', thresholdRange: { max: 500 } },
    told: [...ALWAYS, [value(0), 'pass'], [value(500), 'pass'], [value(501), 'fail'], [value(1e308), 'fail'], [value(-1), 'unknown']]
  },
  custom: {
    metric: { name: 'errors', query: 'errors', thresholdRange: { min: 0, max: 1 } },
    told: [...ALWAYS, [value(0), 'pass'], [value(1), 'pass'], [value(1.1), 'fail'], [value(1e308), 'fail'], [value(-0.1), 'fail']]
  }
}

/** A rollout of two steps that ends with its second failure; `answer` is what Prometheus says, look by look. */
async function rollout(metric: unknown, answer: () => Measurement): Promise<{ readonly world: World; readonly laws: Laws }> {
  const world = worldOf(deploymentOf('api:1'), canaryOf({ metrics: [metric] }))
  world.metricsServer = 'http://prometheus'
  world.answerQuery = ({ query }) => (query === 'vector(1)' ? value(1) : answer())
  world.start()
  await world.until(() => world.isIn('Initialized'), 10)
  const laws = new Laws(world)
  world.release('api:2')
  return { world, laws }
}

const CASES = Object.entries(CHECKS).flatMap(([name, { metric, told }]) =>
  told.map(([measurement, outcome]) => ({
    name,
    metric,
    measurement,
    outcome,
    said: JSON.stringify(Object.values(measurement).map(String))
  }))
)

test.each(CASES)('$name: $said is $outcome', async ({ metric, measurement, outcome }) => {
  const { world, laws } = await rollout(metric, () => measurement)
  await world.clock.advance(120_000)
  const ends = { pass: ['Succeeded', 0], fail: ['Failed', 0], unknown: ['Progressing', 20] } as const
  expect([dig(world.status(), 'phase'), dig(world.status(), 'canaryWeight')]).toEqual(ends[outcome])
  const said = world.told.map(({ message }) => message).join('\n')
  expect(said.includes('provider down') || said.includes('cannot be asked')).toBe(
    measurement.kind === 'down' || measurement.kind === 'misconfigured'
  )
  expect(laws.broken).toEqual([])
  await world.stop()
})

/** Where a rollout ends that is told so: after two failures or two passes, whatever is first. */
function endAfter(outcomes: readonly Outcome[]): string {
  let [passes, failures] = [0, 0]
  for (const outcome of outcomes) {
    if (outcome === 'pass') passes++
    if (outcome === 'fail') failures++
    if (failures === 2) return 'Failed'
    if (passes === 2) return 'Succeeded'
  }
  return 'Progressing'
}

test('on any sequence of answers a rollout ends as its passes and failures say', async () => {
  const ends = new Map<string, number>()
  const sequence = fc.constantFrom('duration', 'custom').chain((name) => {
    const { metric, told } = CHECKS[name]!
    return fc.record({ metric: fc.constant(metric), answers: fc.array(fc.constantFrom(...told), { minLength: 1, maxLength: 14 }) })
  })
  const property = fc.asyncProperty(sequence, async ({ metric, answers }) => {
    const left = [...answers]
    const { world, laws } = await rollout(metric, () => left.shift()?.[0] ?? DOWN)
    await world.clock.advance(200_000)
    const end = endAfter(answers.map(([, outcome]) => outcome))
    expect(world.status()).toMatchObject({ phase: end })
    expect(laws.broken).toEqual([])
    ends.set(end, (ends.get(end) ?? 0) + 1)
    await world.stop()
  })
  await fc.assert(property, { seed: 7, numRuns: 80 })
  for (const end of ['Failed', 'Succeeded', 'Progressing']) expect(ends.get(end), end).toBeGreaterThan(5)
})
