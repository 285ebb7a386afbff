import { expect, test } from 'vitest'
import { canaryOf, clusterOf, configMapOf, configViewOf, progressing, REVISION, TEMPLATE } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import type { ClusterView } from '../objects/cluster-view.ts'
import { planOf } from '../canary/plan.ts'
import { promotionMark } from '../objects/revision.ts'
import { isOverwritten, isRestored, type Keeping, restoreWrites, snapshotOf, snapshotWrites } from './snapshot.ts'
import type { Write } from '../objects/write.ts'

const canary = canaryOf()
const plan = planOf(canary)
const old = clusterOf().primary
const copy = configMapOf('colours-primary', { color: 'blau', name: 'größe ✓' })
const cluster = (more: Partial<ClusterView> = {}): ClusterView =>
  clusterOf({ primary: old, configs: [configViewOf(configMapOf('colours', { color: 'green' }), copy)], ...more })
const keeping = (more: Partial<Keeping> = {}): Keeping => ({
  canary,
  plan,
  revision: REVISION,
  whole: true,
  before: progressing(40),
  ...more
})
const created = (writes: readonly Write[]): KubeObject | undefined => {
  const [write] = writes
  return write?.verb === 'create' ? { ...write.object, metadata: { ...write.object.metadata, namespace: 'test' } } : undefined
}
const marked = (revision: string): KubeObject => {
  const template = { ...TEMPLATE, metadata: { ...TEMPLATE.metadata, annotations: { 'flagger-id': promotionMark(plan.uid, revision) } } }
  return { ...old, spec: { replicas: 5, selector: {}, paused: true, template } }
}

test('a promotion keeps what the primary is and reads, and an abort gives it back, but for its number of pods', () => {
  const previous = created(snapshotWrites(keeping(), cluster()))
  expect(previous?.metadata).toMatchObject({ name: 'api-primary-previous', ownerReferences: [{ kind: 'Canary' }] })
  expect(snapshotOf(previous, plan, REVISION)?.copies).toEqual([
    { kind: 'configmap', name: 'colours-primary', data: { color: 'blau', name: 'größe ✓' } }
  ])
  const now = { ...copy, data: { color: 'green' } }
  const view = cluster({ previous, primary: marked(REVISION), configs: [configViewOf(configMapOf('colours', { color: 'green' }), now)] })
  const writes = restoreWrites(plan, REVISION, view)
  expect(writes.map((write) => (write.verb === 'patch' ? write.name : ''))).toEqual(['colours-primary', 'api-primary'])
  const operations = writes.flatMap((write) => (write.verb === 'patch' && write.patch.kind === 'json' ? write.patch.operations : []))
  expect(operations.filter(({ op }) => op !== 'test')).toEqual([
    { op: 'replace', path: '/data', value: { color: 'blau', name: 'größe ✓' } },
    { op: 'remove', path: '/spec/paused' },
    { op: 'replace', path: '/spec/template', value: TEMPLATE }
  ])
})

test('what is kept is for one promotion, and what others wrote there is nothing', () => {
  const previous = created(snapshotWrites(keeping(), cluster()))
  expect(snapshotOf(previous, plan, 's1-other')).toBeUndefined()
  expect(snapshotOf(undefined, plan, REVISION)).toBeUndefined()
  for (const text of ['no base64 *', btoa('no json'), btoa('{"spec":1}')]) {
    const broken = { apiVersion: 'v1', kind: 'Secret', metadata: previous?.metadata ?? {}, data: { 'primary.json': text } }
    expect(snapshotOf(broken, plan, REVISION)).toBeUndefined()
  }
  expect(restoreWrites(plan, 's1-other', cluster(previous === undefined ? {} : { previous }))).toEqual([])
})

test('nothing is kept of a primary that is overwritten already, and nothing too large', () => {
  expect(snapshotWrites(keeping(), cluster({ primary: marked(REVISION) }))).toEqual([])
  const huge = configMapOf('colours-primary', { color: 'x'.repeat(600_000) })
  expect(snapshotWrites(keeping(), cluster({ configs: [configViewOf(configMapOf('colours', {}), huge)] }))).toEqual([])
})

test('a primary that a failed promotion left behind is not kept: what was kept before that one stays, for the next', () => {
  const previous = created(snapshotWrites(keeping({ revision: 's1-failed' }), cluster()))
  const view = cluster({ primary: marked('s1-failed'), ...(previous === undefined ? {} : { previous }) })
  const [write, ...others] = snapshotWrites(keeping({ whole: false }), view)
  expect(others).toEqual([])
  expect(write).toMatchObject({ patch: { operations: [{ op: 'replace', value: promotionMark(plan.uid, REVISION) }] } })
  expect(snapshotWrites(keeping({ whole: false }), { ...view, primary: marked('s1-third') })).toEqual([])
  expect(snapshotWrites(keeping({ whole: false }), cluster())).toEqual([])
})

test('a primary is restored when it has the mark that it had, and not the one of the promotion', () => {
  const first = marked('s1-first')
  const previous = created(snapshotWrites(keeping(), cluster({ primary: first })))
  const restored = (primary: KubeObject): boolean =>
    isRestored(cluster({ primary, ...(previous === undefined ? {} : { previous }) }), plan, REVISION)
  expect([first, marked(REVISION), marked('s1-third')].map(restored)).toEqual([true, false, false])
})

test('a promotion has overwritten the primary from its first write to its end, and after a failure that left the canary all traffic', () => {
  const state = progressing(40)
  const failed = { ...state, phase: 'failed', weight: 100, because: '' } as const
  expect(isOverwritten(state, plan, cluster())).toBe(false)
  expect(isOverwritten(state, plan, cluster({ primary: marked(REVISION) }))).toBe(true)
  expect(isOverwritten({ ...state, phase: 'promoting' }, plan, cluster())).toBe(true)
  expect([failed, { ...failed, weight: 0 } as const].map((each) => isOverwritten(each, plan, cluster()))).toEqual([true, false])
})
