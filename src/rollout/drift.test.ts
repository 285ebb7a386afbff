import { expect, test } from 'vitest'
import { canaryOf, progressing } from '../../test/rollout-objects.ts'
import type { KubeObject, ManagedFields } from '../api/object.ts'
import { type Drift, driftAdvice, driftOf, driftText } from './drift.ts'
import { planOf } from '../canary/plan.ts'
import { virtualServiceWrites } from '../objects/render-virtual-service.ts'
import type { RolloutState } from './state.ts'
import { ownerOf } from '../objects/write.ts'

const canary = canaryOf()
const plan = planOf(canary)
const ALL = { 'f:spec': { 'f:http': {} } }

function entry(manager: string, time = '2026-11-21T11:00:00Z', fieldsV1: ManagedFields['fieldsV1'] = ALL): ManagedFields {
  return { manager, operation: 'Update', time, fieldsType: 'FieldsV1', fieldsV1 }
}

/** The VirtualService at a share of the canary, with who wrote it. */
function routesAt(share: number, managedFields: readonly ManagedFields[], change: Record<string, unknown> = {}): KubeObject {
  const [made] = virtualServiceWrites({ canary, plan, routing: { kind: 'weights', canary: share }, cookies: {} }, undefined)
  const object = made?.verb === 'create' ? made.object : { apiVersion: '', kind: '', metadata: {} }
  return { ...object, spec: { ...Object(object['spec']), ...change }, metadata: { ...object.metadata, managedFields } }
}

function found(live: KubeObject | undefined, state: RolloutState = progressing(20)): Drift | undefined {
  return driftOf({ canary, plan, state, live })
}

test.each([
  ['argocd-controller', 'git'],
  ['argocd-application-controller', 'git'],
  ['kustomize-controller', 'git'],
  ['helm-controller', 'git'],
  ['kubectl-client-side-apply', 'human'],
  ['kubectl-edit', 'human'],
  ['Mozilla', 'human'],
  ['', 'human'],
  ['flagger', 'controller'],
  ['serin', 'ours']
])('routes that %j wrote last are changed by: %s', (manager, whose) => {
  expect(found(routesAt(40, [entry(manager)]))).toMatchObject({ whose, manager, at: '2026-11-21T11:00:00Z' })
})

test('what changed is told by path, from what to what; the latest of several writers is named with his own', () => {
  const writers = [
    entry('kubectl-edit', '2026-11-21T11:00:05Z', { 'f:spec': { 'f:hosts': {} } }),
    entry('kubectl-patch', '2026-11-21T11:00:04Z'),
    entry('serin', '2026-11-21T11:00:00Z', { 'f:spec': { 'f:gateways': {} } })
  ]
  const drift = found(routesAt(40, writers, { hosts: ['other'] }))
  expect(drift?.manager).toBe('kubectl-edit')
  expect(drift?.fields).toEqual([{ path: 'spec.hosts', from: ['api'], to: ['other'] }])
  expect(drift === undefined ? '' : driftText(drift)).toBe(
    'virtualservice api.test was changed by kubectl-edit (a person or a program) at 2026-11-21T11:00:05Z: spec.hosts ["api"] -> ["other"]'
  )
})

test.each([
  ['there is no VirtualService', undefined],
  ['nothing differs', routesAt(20, [entry('kubectl-edit')])],
  ['it is not kept who wrote', routesAt(40, [])],
  [
    'the rollout has not written it yet, and it is not its own',
    { ...routesAt(40, [entry('kubectl-edit')]), metadata: { managedFields: [entry('kubectl-edit')] } }
  ]
])('nobody is named where %s', (_, live) => {
  expect(found(live)).toBe(undefined)
})

test('a VirtualService of the user’s own counts once the rollout has written it', () => {
  const metadata = {
    name: 'api',
    managedFields: [entry('argocd-controller'), entry('serin', 'x', { 'f:metadata': { 'f:annotations': {} } })]
  }
  expect(found({ ...routesAt(40, []), metadata })).toMatchObject({ whose: 'git' })
})

test('an edit of the Canary is no change of its routes', () => {
  const edited = canaryOf({}, { service: { port: 80, timeout: '5s' } })
  const live = routesAt(20, [entry('serin')])
  const owned = { ...live, metadata: { ...live.metadata, ownerReferences: [ownerOf(edited)] } }
  expect(driftOf({ canary: edited, plan: planOf(edited), state: progressing(20), live: owned })).toBe(undefined)
})

test('hostile names and values are cut short', () => {
  const drift = found(routesAt(40, [entry('x'.repeat(500))], { hosts: ['y'.repeat(5000)] }))
  expect(drift === undefined ? 0 : driftText(drift).length).toBeLessThan(500)
})

test.each([
  ['argocd-controller', /ignoreDifferences/],
  ['kustomize-controller', /kustomize\.toolkit\.fluxcd\.io\/reconcile: disabled/],
  ['helm-controller', /driftDetection\.ignore/],
  ['flagger', /stop one of them/],
  ['kubectl-edit', /serin promote/]
])('%s is told what to do', (manager, advice) => {
  const drift = found(routesAt(40, [entry(manager)]))
  expect(drift === undefined ? '' : driftAdvice(drift)).toMatch(advice)
})
