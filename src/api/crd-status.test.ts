import { expect, test } from 'vitest'
import { dig } from '../std/json.ts'
import { CLEANUP, endedDefinition, isEnding, isHeld, nextDefinition, preparedDefinition } from './crd-status.ts'
import type { KubeObject } from './object.ts'

const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', names: { kind: 'Widget', plural: 'widgets' }, versions: [{ name: 'v1', storage: true }] }
}
const NAMES = { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' }
const types = (of: KubeObject | undefined): unknown => {
  const conditions = dig(of, 'status', 'conditions') as readonly { type: string; reason: string }[]
  return conditions.map((one) => `${one.type} ${one.reason}`)
}

test('a definition is born without conditions, then its names are accepted once', () => {
  const born = preparedDefinition(definition, undefined)
  expect(born).toMatchObject({
    spec: { names: NAMES, conversion: { strategy: 'None' } },
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] }
  })
  const next = nextDefinition(born, 'now', 0)
  expect(types(next)).toEqual(['NamesAccepted NoConflicts', 'Established InitialNamesAccepted'])
  expect(next?.['status']).toMatchObject({ acceptedNames: NAMES })
  expect(nextDefinition(next ?? born, 'later', 0)).toBeUndefined()
})

test('a replaced definition keeps its status, remembers stored versions, and new names are accepted anew', () => {
  const old = nextDefinition(preparedDefinition(definition, undefined), 'now', 0) ?? definition
  const spec = {
    group: 'example.com',
    names: { kind: 'Widget', plural: 'widgets', shortNames: ['wd'] },
    versions: [{ name: 'v2', storage: true }]
  }
  const replaced = preparedDefinition({ ...definition, spec }, old)
  expect(replaced['status']).toMatchObject({ storedVersions: ['v1', 'v2'], acceptedNames: NAMES })
  const again = nextDefinition(replaced, 'later', 0)
  expect(again?.['status']).toMatchObject({
    acceptedNames: { shortNames: ['wd'] },
    conditions: [{ lastTransitionTime: 'now' }, { lastTransitionTime: 'now' }]
  })
})

test('a definition that is to go waits for its objects', () => {
  const old = nextDefinition(preparedDefinition(definition, undefined), 'now', 0) ?? definition
  const ended = endedDefinition(old, 'then')
  expect(ended.metadata).toMatchObject({ deletionTimestamp: 'then', finalizers: [CLEANUP] })
  expect([isHeld(ended), isEnding(ended), types(ended)]).toMatchObject([true, false, { 2: 'Terminating InstanceDeletionPending' }])
  const ending = nextDefinition(ended, 'then', 1) ?? ended
  expect([isEnding(ending), types(ending)]).toMatchObject([true, { 2: 'Terminating InstanceDeletionInProgress' }])
  expect(nextDefinition(ending, 'then', 1)).toBeUndefined()
  expect(nextDefinition(ending, 'then', 0)?.metadata.finalizers).toBeUndefined()
})
