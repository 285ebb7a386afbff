import { expect, test } from 'vitest'
import { compareVersions, kindFromCrd } from './crd-kind.ts'

const version = (name: string, fields: object = {}): object => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
  ...fields
})
const crd = (spec: object = {}, name = 'widgets.example.com'): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name },
  spec: { group: 'example.com', scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets' }, versions: [version('v1')], ...spec }
})

test('names, columns and subresources that are left out get what Kubernetes gives them', () => {
  const { value, problems } = kindFromCrd(crd({ versions: [version('v1beta1', { deprecated: true }), version('v1')] }))
  expect(problems).toEqual([])
  expect(value).toMatchObject({ listKind: 'WidgetList', singular: 'widget', shortNames: [], status: 'none', origin: 'custom' })
  expect(value?.versions.map((one) => one.name)).toEqual(['v1', 'v1beta1'])
  expect(value?.versions[0]?.columns.map((column) => column.name)).toEqual(['Age'])
  expect(value?.versions[1]?.deprecationWarning).toBe('example.com/v1beta1 Widget is deprecated')
  expect(Object.keys(value?.versions[0]?.schema.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
})

test('status, scale and selectable fields come from the stored version', () => {
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }
  const stored = version('v1', { subresources: { status: {}, scale }, selectableFields: [{ jsonPath: '.spec.color' }] })
  expect(kindFromCrd(crd({ versions: [stored] })).value).toMatchObject({ status: 'subresource', scale, selectableFields: ['spec.color'] })
})

test.each([
  [crd({}, 'other.example.com'), ['metadata.name']],
  [crd({ versions: [version('v2')] }), ['spec.versions']],
  [crd({ versions: [version('v1'), version('v1')] }), ['spec.versions', 'spec.versions']],
  [crd({ conversion: { strategy: 'Webhook' } }), ['spec.conversion.strategy']],
  [crd({ preserveUnknownFields: true }), ['spec.preserveUnknownFields']],
  [crd({ versions: [version('v1', { schema: {} })] }), ['spec.versions[0].schema.openAPIV3Schema']],
  [
    crd({ versions: [version('v1', { schema: { openAPIV3Schema: { type: 'array' } } })] }),
    ['spec.versions[0].schema.openAPIV3Schema.type']
  ],
  [crd({ names: { plural: 'widgets' }, scope: 'Galaxy' }), ['spec.scope', 'spec.names.kind']],
  [{ metadata: {} }, ['spec']],
  [null, ['']]
])('%j is refused', (value, paths) => {
  const kind = kindFromCrd(value)
  expect(kind.value).toBeUndefined()
  expect(kind.problems.map((problem) => problem.path).toSorted()).toEqual(paths.toSorted())
})

test('versions are preferred by maturity, then by number', () => {
  const sorted = ['v2', 'v1', 'v11beta2', 'v10beta3', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10']
  expect(sorted.toReversed().toSorted(compareVersions)).toEqual(sorted)
})
