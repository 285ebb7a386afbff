// The whole controller against the functions that rehearsals run by the thousand: the same traffic, the same rollout.

import { describe, expect, it } from 'vitest'
import { documented } from '../../test/rehearsal-objects.ts'
import { seeded } from '../std/draw.ts'
import { oneRun, type Scenario } from './outcomes.ts'
import { slicesFor } from './past.ts'
import { prepared, SerinLeader } from './serin-leader.ts'
import { GOOD } from './regression.ts'
import { type Disturbance, USUAL } from './service.ts'
import { storyOf } from './story.ts'
import { PUSH_SECONDS } from './traffic.ts'

// Who ended it: the gate, failed checks, or that all of the ladder was passed.
type End = 'evidence' | 'checks' | 'promoted'

interface Asked {
  readonly errors?: number
  readonly disturbance?: Disturbance
  readonly seed?: number
  readonly analysis?: Record<string, unknown>
  readonly annotations?: Record<string, string>
}

function told({ errors = 0, disturbance = 'calm', seed = 7, analysis, annotations }: Asked) {
  const scenario: Scenario = { service: { ...USUAL, rate: 100, errors: 0.001 }, regression: { ...GOOD, errors }, disturbance }
  const slices = slicesFor(scenario, seeded(1))
  const rehearsed = documented(analysis, annotations)
  const run = () => oneRun(new SerinLeader(prepared(rehearsed, slices, USUAL.edges)), scenario, seed)
  return { story: () => storyOf(rehearsed, scenario, seed, slices), run }
}

describe('the whole controller and its functions alone', () => {
  it.each<[string, End, Asked]>([
    ['a good release', 'promoted', {}],
    ['a good release, blips', 'promoted', { disturbance: 'blips' }],
    ['a good release, an outage', 'promoted', { disturbance: 'outage' }],
    ['a good release that is cold at each step', 'promoted', { disturbance: 'cold-steps', seed: 3 }],
    ['a release that fails a point more', 'evidence', { errors: 0.01 }],
    ['a release that fails a point more, storms', 'checks', { errors: 0.01, disturbance: 'storms' }],
    ['a release that fails two points more, an outage', 'evidence', { errors: 0.02, disturbance: 'outage', seed: 11 }],
    ['a release that fails all', 'evidence', { errors: 0.99 }],
    ['a bad release that thresholds alone find', 'checks', { errors: 0.05, annotations: { 'serin.dev/gate': 'thresholds' } }],
    ['looks each second', 'evidence', { errors: 0.05, annotations: { 'serin.dev/look': '1s' } }],
    ['the pace of the evidence', 'promoted', { annotations: { 'serin.dev/pace': 'evidence' } }],
    ['the pace of the evidence, a bad release', 'evidence', { errors: 0.01, annotations: { 'serin.dev/pace': 'evidence' } }],
    ['a ladder that the traffic asks for', 'promoted', { annotations: { 'serin.dev/pace': 'evidence, ladder=auto' } }],
    [
      'a ladder that the traffic asks for, looks each second',
      'promoted',
      { annotations: { 'serin.dev/pace': 'evidence, ladder=auto', 'serin.dev/look': '1s' } }
    ],
    [
      'a ladder that the traffic asks for, blips',
      'promoted',
      { disturbance: 'blips', annotations: { 'serin.dev/pace': 'evidence, ladder=auto' } }
    ],
    [
      'the pace of the evidence, a check that fails by chance',
      'promoted',
      {
        seed: 5,
        annotations: { 'serin.dev/pace': 'evidence' },
        analysis: { threshold: 50, metrics: [{ name: 'request-success-rate', interval: '1m', thresholdRange: { min: 99.9 } }] }
      }
    ],
    ['an exposure budget', 'evidence', { annotations: { 'serin.dev/exposure-budget': 'requests=3000' } }],
    [
      'a ladder of its own, and an interval of 10 s',
      'checks',
      { errors: 0.03, analysis: { stepWeight: undefined, stepWeights: [5, 40], interval: '10s' } }
    ]
  ])('give the canary the same traffic at the same seconds: %s, ended by %s', async (_, end, asked) => {
    const { story, run } = told(asked)
    const [whole, alone] = [await story(), run()]
    expect(alone.by ?? alone.outcome).toBe(end)
    // A promoted canary's traffic is taken from it at last, which the functions alone have no need to play.
    const taken = end === 'promoted' ? [{ at: alone.seconds - PUSH_SECONDS, weight: 0 }] : []
    expect(whole.weights).toEqual([...alone.weights, ...taken])
    expect([whole.outcome, whole.seconds, whole.requests, whole.failed]).toEqual([
      alone.outcome,
      alone.seconds,
      alone.requests,
      alone.failed
    ])
    expect(whole.because).toContain(end === 'promoted' ? 'Canary analysis completed' : alone.because)
    expect(alone.because === '').toBe(end === 'promoted')
  })
})

describe('a story', () => {
  it('is told in the Events of the controller, with the sentence of the gate', async () => {
    const { outcome, told: events, because } = await told({ errors: 0.05 }).story()
    expect(outcome).toBe('rolled-back')
    expect(events[0]).toEqual({ at: 0, type: 'Normal', message: 'Starting canary analysis for api.test' })
    expect(events.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^The canary rolled back after \d+ s at 10 %: /))
    expect(because).toMatch(/Cause: The canary rolled back after/)
  })

  it('is the same again with the same seed, and another with another', async () => {
    const [one, again, other] = await Promise.all([7, 7, 8].map((seed) => told({ errors: 0.02, seed }).story()))
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
  })
})
