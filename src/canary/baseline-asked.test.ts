import { describe, expect, it } from 'vitest'
import { canaryOf, configMapOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { BASELINE, baselineOf } from './baseline-asked.ts'
import { GATE_CONFIG, type GateConfig } from './gate-options.ts'
import { planOf } from './plan.ts'

interface Given {
  readonly said?: string
  readonly analysis?: Readonly<Record<string, unknown>>
  readonly spec?: Readonly<Record<string, unknown>>
}

function canary({ said, analysis = {}, spec = {} }: Given): KubeObject {
  const plain = canaryOf({ stepWeight: 10, ...analysis }, spec)
  const annotations = { [GATE_CONFIG]: 'rules', ...(said === undefined ? {} : { [BASELINE]: said }) }
  return { ...plain, metadata: { ...plain.metadata, annotations } }
}

const configured = (baseline: string): GateConfig => ({ kind: 'found', object: configMapOf('rules', { baseline }) })

describe('baselineOf', () => {
  it.each<readonly [string, Given, string | undefined]>([
    ['weights', { said: 'fresh' }, undefined],
    ['none', { said: 'none' }, undefined],
    ['no word', {}, undefined],
    ['what is no name', { said: 'Old' }, '"Old": must be fresh'],
    ['the target', { said: 'api' }, '"api" is the target'],
    ['the primary', { said: 'api-primary' }, '"api-primary" is the primary'],
    ['a workload beside a match', { said: 'api-old', analysis: { match: [{}] } }, 'so the gate does not compare them'],
    ['a workload beside a Service', { said: 'api-old', spec: { targetRef: { kind: 'Service', name: 'api' } } }, 'behind a Service'],
    ['a match', { said: 'fresh', analysis: { match: [{}] } }, 'all callers that match get the canary'],
    ['iterations', { said: 'fresh', analysis: { iterations: 2, stepWeight: undefined } }, 'requests are not split by weight'],
    ['a DaemonSet', { said: 'fresh', spec: { targetRef: { kind: 'DaemonSet', name: 'api' } } }, 'a DaemonSet has no second copy']
  ])('%s', (_, given, text) => {
    const object = canary(given)
    const { baseline, problems } = baselineOf(object, planOf(object))
    expect(baseline).toEqual(given.said === 'fresh' && text === undefined ? { kind: 'fresh' } : { kind: 'primary' })
    expect(planOf(object).baseline).toEqual(baseline)
    const told = problems.map(({ annotation, text: said }) => [annotation, said.includes(text ?? '?')])
    expect(told).toEqual(text === undefined ? [] : [[BASELINE, true]])
  })

  it.each<readonly [string | undefined, string, 'fresh' | 'primary']>([
    [undefined, 'fresh', 'fresh'],
    ['none', 'fresh', 'primary'],
    ['fresh', 'none', 'fresh']
  ])('of %s beside %s in the ConfigMap is %s: the annotation wins', (said, key, kind) => {
    const object = canary(said === undefined ? {} : { said })
    expect(planOf(object, configured(key)).baseline).toEqual({ kind })
    // Of the Canary alone it is what the Canary says.
    expect(planOf(object).baseline).toEqual({ kind: said === 'fresh' ? 'fresh' : 'primary' })
  })

  it.each(['Deployment', 'DaemonSet'])('of a %s may be a workload', (kind) => {
    const object = canary({ said: ' api-old ', spec: { targetRef: { kind, name: 'api' } } })
    expect(baselineOf(object, planOf(object))).toEqual({ baseline: { kind: 'workload', name: 'api-old' }, problems: [] })
  })

  it('tells of a key where it stands', () => {
    const object = canary({})
    const text =
      'ConfigMap rules: data.baseline "Old": must be fresh, none, or the name of a workload; the canary is compared with the primary'
    expect(baselineOf(object, planOf(object), configured('Old')).problems).toEqual([{ annotation: GATE_CONFIG, text }])
  })
})
