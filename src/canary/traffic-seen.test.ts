import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { look, newGate } from '../gate/gate.ts'
import { savedGate } from '../gate/saved.ts'
import { gateRequestOf, gateSettingsFor } from './gate-request.ts'
import { planOf } from './plan.ts'
import { trafficSeen } from './traffic-seen.ts'

const EDGES = [100, 500]
const canary = canaryOf({ metrics: [{ name: 'request-duration', thresholdRange: { max: 500 } }] })
const plan = planOf(canary)

test('the rate is that of both versions, and stable is what history and the rollout show of it', () => {
  const { request } = gateRequestOf(canary)
  if (request === undefined) throw new Error('no gate is asked for')
  const settings = gateSettingsFor(request, plan, EDGES, [100])
  let gate = newGate(settings, [10], 1_790_000_000_000, [{ requests: 10_000, bad: 20, dispersion: 1.5 }])
  const one = { canaryRequests: 50, canaryBad: 0, stableRequests: 450, stableBad: 1 }
  for (let second = 5; second <= 20; second += 5) {
    gate = look(gate, { kind: 'counts', at: gate.startedAt + 1000 * second, looks: settings.streams.map(() => one) })
  }
  const status = { gate: savedGate(gate), asked: { alpha: '1%' } }
  expect(trafficSeen(status, plan)).toEqual({ rate: 100, history: { requests: 11_800, bad: 24, dispersion: 1.5 } })
  // Of what the primary serves beside a baseline nobody knows.
  expect(trafficSeen({ ...status, asked: { alpha: '1%', baseline: 'fresh' } }, plan)).toBeUndefined()
})

test.each([[undefined], [{}], [{ gate: '{' }], [{ gate: savedGate(newGate(gateSettingsFor(requestOf(), plan, [], []), [10], 0)) }]])(
  'nothing is known from %j',
  (status) => {
    expect(trafficSeen(status, plan)).toBeUndefined()
  }
)

function requestOf() {
  const { request } = gateRequestOf(canary)
  if (request === undefined) throw new Error('no gate is asked for')
  return request
}
