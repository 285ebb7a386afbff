import { expect, test } from 'vitest'
import { canaryOf, clusterOf, configMapOf, configViewOf, progressing, READY, REVISION } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { checksumsOf, type ConfigView } from '../objects/configs.ts'
import { planOf } from '../canary/plan.ts'
import { promotionMark, withConfigs } from '../objects/revision.ts'
import type { RolloutState } from './state.ts'
import { isAbandoned, isLeftBehind, type Known, podsOf, trouble } from './trouble.ts'

const STUCK = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }]

function known(change: { readonly target?: object; readonly primary?: object; readonly phase?: 'promoting' } = {}): Known {
  const canary = canaryOf()
  const cluster = clusterOf()
  const withStatus = (object: KubeObject, status: object | undefined): KubeObject =>
    status === undefined ? object : { ...object, status: { ...READY, ...status } }
  return {
    canary,
    plan: planOf(canary),
    state: { ...progressing(40), phase: change.phase ?? 'progressing' },
    revision: REVISION,
    dueAt: 0,
    cluster: { ...cluster, target: withStatus(cluster.target, change.target), primary: withStatus(cluster.primary, change.primary) }
  }
}

test.each([
  ['ready', {}, undefined],
  ['rolling out', { target: { updatedReplicas: 0 } }, { kind: 'not-ready', who: 'canary' }],
  ['past its deadline', { target: { updatedReplicas: 0, conditions: STUCK } }, { kind: 'stuck', who: 'canary', canaryPods: 2 }]
])('a canary that is %s', (_, change, found) => {
  const at = known(change)
  expect([trouble(at.cluster.target, 'canary', at)]).toMatchObject([found])
})

test('pods are counted for both sides, and a canary without any is abandoned while the primary has some', () => {
  const gone = { availableReplicas: 0 }
  expect([podsOf(known(), 'primary'), podsOf(known(), 'canary')]).toEqual([2, 2])
  expect([known(), known({ target: gone }), known({ target: gone, primary: gone })].map(isAbandoned)).toEqual([false, true, false])
})

test('a primary is left behind when it carries what was not promoted, outside of promotions, while it has pods', () => {
  const pods = (count: number) => ({ kind: 'stuck', because: '', pods: count }) as const
  const at = known()
  expect(isLeftBehind(at, pods(2))).toBe(true)
  expect(isLeftBehind(at, pods(0))).toBe(false)
  expect(isLeftBehind(known({ phase: 'promoting' }), pods(2))).toBe(false)
  const mark = { template: { metadata: { annotations: { 'flagger-id': promotionMark(at.plan.uid, 's1-old') } } } }
  const primary = { ...at.cluster.primary, spec: mark } as KubeObject
  expect(isLeftBehind({ ...at, cluster: { ...at.cluster, primary } }, pods(2))).toBe(false)
})

test('what the promoted revision reads is known by the copies: a primary that carries it is not left behind, whatever the target asks for', () => {
  const pods = { kind: 'stuck', because: '', pods: 2 } as const
  const [blue, red] = [{ color: 'blue' }, { color: 'red' }]
  const read = (data: Record<string, string>) => checksumsOf([configViewOf(configMapOf('colours', data))])
  const at = (marked: string, configs: readonly ConfigView[], failed?: string): boolean => {
    const { plan, cluster, ...rest } = known()
    const mark = { template: { metadata: { annotations: { 'flagger-id': promotionMark(plan.uid, marked) } } } }
    const primary = { ...cluster.primary, spec: mark } as KubeObject
    const standing = { ...progressing(20), promoted: withConfigs('s1-old', 'unknown') }
    const state: RolloutState = failed === undefined ? standing : { ...standing, phase: 'failed', applied: failed, weight: 0, because: '' }
    return isLeftBehind({ ...rest, plan, state, cluster: { ...cluster, primary, configs } }, pods)
  }
  const views = [configViewOf(configMapOf('colours', red), configMapOf('colours-primary', blue))]
  const old = withConfigs('s1-old', read(blue))
  expect(at(old, views)).toBe(false)
  expect(at(withConfigs('s1-old', {}), [])).toBe(false)
  expect(at(withConfigs('s1-other', read(blue)), views)).toBe(true)
  expect(at(withConfigs('s1-old', read(red)), views)).toBe(true)
  // A promotion of other configs alone, that failed after it wrote its copies.
  const copied = [configViewOf(configMapOf('colours', red), configMapOf('colours-primary', red))]
  expect(at(withConfigs('s1-old', read(red)), copied, withConfigs('s1-old', read(red)))).toBe(true)
})
