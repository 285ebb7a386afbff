import { expect, test } from 'vitest'
import { canaryOf, clusterOf, progressing } from '../../test/rollout-objects.ts'
import type { KubeObject, ManagedFields } from '../api/object.ts'
import { planOf } from '../canary/plan.ts'
import type { RolloutState } from './state.ts'
import { changedByOthers, madeAgain } from './upkeep.ts'
import { RESOURCES, type Write } from '../objects/write.ts'

const plan = planOf(canaryOf())
const SELECTOR = { 'f:spec': { 'f:selector': { 'f:app': {} } } }

function entry(manager: string, time: string, fieldsV1: ManagedFields['fieldsV1'] = SELECTOR): ManagedFields {
  return { manager, time, fieldsV1 }
}

/** The canary's Service, which leads elsewhere than it must, as these wrote it. */
function serviceOf(...managedFields: readonly ManagedFields[]): KubeObject {
  const metadata = { name: 'api-canary', namespace: 'test', managedFields }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'other' } } }
}

const CORRECTED: Write = {
  verb: 'patch',
  resource: RESOURCES.services,
  namespace: 'test',
  name: 'api-canary',
  patch: { kind: 'merge', body: { spec: { selector: { app: 'api', stale: null } } } }
}

function found(live: KubeObject, state: RolloutState = progressing(20), writes: readonly Write[] = [CORRECTED]) {
  return changedByOthers({ plan, state, cluster: clusterOf({ canaryService: live }), writes })
}

test('who wrote last what a write puts right is named, with the fields', () => {
  expect(found(serviceOf(entry('kubectl-edit', '2026-11-21T11:00:00Z')))).toEqual([
    {
      object: 'service api-canary.test',
      whose: 'human',
      manager: 'kubectl-edit',
      at: '2026-11-21T11:00:00Z',
      fields: [{ path: 'spec.selector.app', from: 'api', to: 'other' }]
    }
  ])
})

test('nobody is where it is ours, not kept, or older than what we wrote last; a write in the same second counts', () => {
  const [before, at, after] = ['2026-11-21T10:59:59Z', '2026-11-21T11:00:00Z', '2026-11-21T11:00:01Z']
  const ours = entry('serin', at, { 'f:spec': { 'f:ports': {} } })
  expect(found(serviceOf())).toEqual([])
  expect(found(serviceOf(entry('serin', at)))).toEqual([])
  expect(found(serviceOf(ours, entry('helm', before)))).toEqual([])
  expect(found(serviceOf(ours, entry('helm', at)))).toHaveLength(1)
  expect(found(serviceOf(ours, entry('helm', after)))).toHaveLength(1)
})

test('nothing is told of what is being made, given back, or the user’s own', () => {
  const live = serviceOf(entry('kubectl-edit', '2026-11-21T11:00:00Z'))
  const standing = { since: 0, applied: 'a', promoted: 'a', failedChecks: 0 }
  expect(found(live, { ...standing, phase: 'initializing' })).toEqual([])
  expect(found(live, { ...standing, phase: 'terminating' })).toEqual([])
  expect(found(live, progressing(20), [{ ...CORRECTED, resource: RESOURCES.deployments, name: 'api' }])).toEqual([])
})

test('what stood and is gone is named when it is made again', () => {
  const made = (object: KubeObject, resource: Write['resource']): Write => ({ verb: 'create', resource, object })
  const writes = [made(serviceOf(), RESOURCES.services), made({ ...serviceOf(), kind: 'ConfigMap' }, RESOURCES.configMaps), CORRECTED]
  expect(madeAgain({ plan, state: progressing(20), writes })).toEqual(['service api-canary.test'])
  expect(madeAgain({ plan, state: { ...progressing(20), phase: 'initializing' }, writes })).toEqual([])
})
