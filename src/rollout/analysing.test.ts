import { describe, expect, it } from 'vitest'
import { canaryOf, clusterOf, progressing, REVISION } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { questionsFor } from './ask.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { previousStage } from './respond.ts'
import { ROUTING_ANNOTATION, routingMark } from '../objects/routing-mark.ts'
import { findingOf, type Finding } from './situation.ts'
import type { RolloutState } from './state.ts'
import { step } from './step.ts'
import type { RevisionEvidence } from '../gate/evidence.ts'

const HOLD: RevisionEvidence = {
  kind: 'hold',
  outcome: 'no-data',
  weight: 20,
  sentence: 'Holding at 20 %: 3 v2 requests so far.',
  reason: 'not-proven',
  revision: REVISION,
  news: false
}
const PROVEN: RevisionEvidence = {
  kind: 'advance',
  outcome: 'pass',
  weight: 20,
  sentence: 'Safe for 40 %: with 95 % confidence.',
  done: 'Advanced to 40 %: with 95 % confidence.',
  revision: REVISION,
  news: true
}

function asking(pace: string, analysis: Record<string, unknown> = {}): KubeObject {
  const canary = canaryOf({ webhooks: [{ name: 'gate', type: 'confirm-traffic-increase', url: 'http://hooks/gate' }], ...analysis })
  return { ...canary, metadata: { ...canary.metadata, annotations: { 'serin.dev/pace': pace } } }
}

// An interval is 10 s; the last look was taken so long ago.
function found(canary: KubeObject, evidence: RevisionEvidence | undefined, ago = 3_000, state: RolloutState = progressing(20)): Finding {
  return findingOf(canary, state, clusterOf({ evidence, lookedAt: 100_000 - ago }))
}

describe('a look at a rollout whose pace the gate sets', () => {
  const canary = asking('evidence')

  it('is due as soon as the next step is proven safe, once', () => {
    expect(found(canary, PROVEN).situation).toMatchObject({ kind: 'look', gate: { proven: true } })
    expect(found(canary, { ...PROVEN, news: false }).situation).toEqual({ kind: 'wait' })
    expect(found(canary, { ...PROVEN, news: false }, 10_000).situation).toMatchObject({ kind: 'look', gate: { proven: true } })
  })

  it.each([
    ['another weight', { ...PROVEN, weight: 10 }],
    ['another revision', { ...PROVEN, revision: 's1-other' }],
    ['nothing yet', undefined]
  ])('does not lead on when what is proven is of %s', (_, evidence) => {
    expect(found(canary, evidence).situation).toEqual({ kind: 'wait' })
    expect(found(canary, evidence, 10_000).situation).toMatchObject({
      gate: { proven: false, sentence: 'Holding at 20 %: the gate has not looked yet.' }
    })
  })

  it('asks no gates of people and pipelines before there is proof', () => {
    const askedOf = (evidence: RevisionEvidence): readonly string[] => {
      const cluster = clusterOf({ evidence, lookedAt: 0 })
      return questionsFor(findingOf(canary, progressing(20), cluster), canary, cluster).map(({ about }) => about)
    }
    expect(askedOf(HOLD)).toEqual(['metric'])
    expect(askedOf(PROVEN)).toEqual(['metric', 'traffic'])
  })

  it.each([
    ['hears the checks, and holds', HOLD, 20, [['Normal', HOLD.sentence]]],
    ['warns where waiting does not help', { ...HOLD, reason: 'suspicion' as const }, 20, [['Warning', HOLD.sentence]]],
    ['says nothing of a step that is young', { ...HOLD, reason: 'dwell' as const }, 20, []],
    ['goes on, and says why', PROVEN, 40, [['Normal', PROVEN.done], ['Normal', 'Advance api.test canary weight 40']]] // prettier-ignore
  ])('%s', (_, evidence, weight, told) => {
    const cluster = clusterOf({ evidence, lookedAt: 0 })
    const concluded = step(canary, progressing(20), cluster, [{ kind: 'yes' }, { kind: 'yes' }])
    expect(concluded.state).toMatchObject({ weight })
    expect(concluded.announcements.map((each) => each.kind === 'event' && [each.type, each.message])).toEqual(
      weight === 40 ? [['Normal', 'Confirm-traffic-increase check gate passed'], ...told] : told
    )
  })

  it('asks people once for a weight, and no more when it has gone on', () => {
    const cluster = (evidence: RevisionEvidence): ClusterView => clusterOf({ evidence, lookedAt: 0 })
    const unproven = { ...HOLD, reason: 'unproven' as const }
    const asked = step(canary, progressing(20), cluster(unproven), [{ kind: 'yes' }]).state
    expect(asked).toMatchObject({ asks: HOLD.sentence })
    const again = step(canary, asked, cluster({ ...unproven, sentence: 'Holding at 20 %: 9 v2 requests.' }), [{ kind: 'yes' }]).state
    expect(again).toMatchObject({ asks: HOLD.sentence })
    expect(step(canary, again, cluster(PROVEN), [{ kind: 'yes' }, { kind: 'yes' }]).state).not.toHaveProperty('asks')
  })

  it("is Flagger's where no counters are read, or thresholds decide alone", () => {
    const cluster = clusterOf({ counters: 'none', lookedAt: 0 })
    expect(findingOf(canary, progressing(20), cluster).situation).toEqual({ kind: 'look', progress: { weight: 20, iterations: 0 } })
  })
})

describe('the ladder of the traffic', () => {
  const canary = asking('evidence, ladder=auto')
  const START = progressing(0)
  const first: RevisionEvidence = { ...HOLD, weight: 0, start: 3 }

  it('waits for its first weight until the traffic is known', () => {
    expect(findingOf(canary, START, clusterOf()).situation).toEqual({ kind: 'wait' })
    expect(findingOf(canary, START, clusterOf({ evidence: first })).situation).toEqual({ kind: 'start' })
    expect(step(canary, START, clusterOf({ evidence: first }), [{ kind: 'yes' }]).state).toMatchObject({ weight: 3 })
  })

  it('goes on from the present weight, whatever the traffic asks for by now', () => {
    const { plan } = found(canary, { ...first, start: 4 }, 0, progressing(3))
    expect(plan.strategy).toMatchObject({ ladder: [3, 5, 10, 25, 50] })
  })

  it('goes back a rung where a check has it step back, and to the beginning from its first weight', () => {
    const before = (weight: number): number =>
      previousStage(found(canary, first, 0, progressing(weight)).plan, { weight, iterations: 0 }).weight
    expect([25, 10, 5, 3].map(before)).toEqual([10, 5, 0, 0])
  })

  it('knows its beginning again when it was interrupted before the status was written', () => {
    const virtualService = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'api', annotations: { [ROUTING_ANNOTATION]: String(routingMark(REVISION, { kind: 'weights', canary: 2 })) } },
      spec: {
        http: [
          {
            route: [
              { destination: { host: 'api-primary' }, weight: 98 },
              { destination: { host: 'api-canary' }, weight: 2 }
            ]
          }
        ]
      }
    }
    const cluster = clusterOf({ virtualService, evidence: first })
    const after = [canary, asking('evidence, ladder=auto', { mirror: true })].map((each) => findingOf(each, START, cluster).situation)
    expect(after).toMatchObject([1, 2].map(() => ({ kind: 'advanced-before', progress: { weight: 2 } })))
  })
})

describe('a canary that is worse', () => {
  const canary = canaryOf()
  const evidence: RevisionEvidence = { ...HOLD, kind: 'rollback', outcome: 'fail', sentence: 'v2 rolled back after 12 s at 20 %.' }
  const cluster = clusterOf({ evidence, lookedAt: 99_000 })

  it('is counted before anything is undone: whoever dies in between sends nobody there again', () => {
    const counted = step(canary, progressing(20), cluster, [])
    expect(counted).toMatchObject({ state: { phase: 'progressing', weight: 20, failedChecks: 2, because: evidence.sentence }, wake: 0 })
    const forgotten = step(canary, counted.state, clusterOf(), [])
    expect(forgotten.state).toMatchObject({ phase: 'failed', because: evidence.sentence })
  })

  it('is told in the words of the gate, and then gone', () => {
    const counted = step(canary, progressing(20), cluster, [])
    const undone = step(canary, counted.state, cluster, [])
    const told = [counted, undone].flatMap(({ announcements }) => announcements.map((each) => (each.kind === 'event' ? each.message : '')))
    expect(told).toEqual([evidence.sentence, 'Rolling back api.test on evidence', 'Canary failed! Scaling down api.test'])
    expect(undone.state).toMatchObject({ phase: 'failed', weight: 0 })
  })
})
