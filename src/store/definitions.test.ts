import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { endedDefinition, nextDefinition } from '../api/crd-status.ts'
import type { StoreView } from './collect.ts'
import { definitionErrands, endsDue } from './definitions.ts'

const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.org' },
  spec: { names: { kind: 'Thing', plural: 'things' } }
}
const ended = endedDefinition(definition, 'now')
const ending = nextDefinition(ended, 'now', 1) ?? ended
const thing = (metadata: object = {}): KubeObject => ({ apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name: 't', ...metadata } })

const view = (things: readonly KubeObject[]): StoreView => ({
  byUid: () => undefined,
  dependents: () => [],
  inNamespace: function* () {},
  kinds: [],
  definedObjects: () => things.map((object) => ({ group: 'example.org', resource: 'things', object })),
  isEnding: (name) => name === 'things.example.org'
})
const change = (object: KubeObject, kind: 'modified' | 'deleted' = 'modified') => ({
  kind,
  group: object.apiVersion.split('/')[0] ?? '',
  resource: object.kind === 'Thing' ? 'things' : 'customresourcedefinitions',
  object
})

test('a definition is settled when it comes and when it is to go', () => {
  const settle = { kind: 'settle-definition', name: 'things.example.org' }
  expect(definitionErrands(view([]), [change(definition)])).toEqual([settle])
  expect(definitionErrands(view([]), [change(ended)])).toEqual([settle])
  expect(definitionErrands(view([]), [change(ending, 'deleted'), change(thing())])).toEqual([])
})

test('once its end has begun, its objects are deleted, each once', () => {
  const going = thing({ name: 'going', deletionTimestamp: 'then' })
  expect(definitionErrands(view([thing(), going]), [change(ending)])).toMatchObject([{ request: { verb: 'delete', name: 't' } }])
})

test('its end is due when nothing is left, by its own change or by that of its last object', () => {
  expect(endsDue(view([]), [change(ending)])).toEqual(['things.example.org'])
  expect(endsDue(view([]), [change(thing(), 'deleted')])).toEqual(['things.example.org'])
  expect(endsDue(view([thing()]), [change(ending)])).toEqual([])
  expect(endsDue({ ...view([]), isEnding: () => false }, [change(definition), change(thing(), 'deleted')])).toEqual([])
})
