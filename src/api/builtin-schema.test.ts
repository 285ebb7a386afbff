import { expect, test } from 'vitest'
import { isObject } from '../std/json.ts'
import { builtinDefinitions, definitionName, messageSchema } from './builtin-schema.ts'

test('a kind has apiVersion, kind, its fields with merge keys, and required names', () => {
  const schema = messageSchema('Deployment')
  const spec = schema.properties?.['spec']
  const podSpec = messageSchema('PodSpec')
  expect(Object.keys(schema.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status'])
  expect(spec?.required).toEqual(['selector', 'template'])
  expect(spec?.properties?.['strategy']).toMatchObject({ 'x-kubernetes-patch-strategy': 'retainKeys', proto: 4 })
  expect(podSpec.properties?.['containers']).toMatchObject({
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'name',
    items: { properties: { ports: { items: { properties: { protocol: { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] } } } } } }
  })
  expect(podSpec.properties?.['nodeSelector']).toMatchObject({
    'x-kubernetes-map-type': 'atomic',
    additionalProperties: { type: 'string' }
  })
})

test('definitions refer only to definitions, and references have no siblings', () => {
  const definitions = builtinDefinitions()
  const wrong: string[] = []
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk)
    if (!isObject(value)) return
    const { $ref } = value
    if (typeof $ref === 'string' && (Object.keys(value).length > 1 || !($ref.replace('#/components/schemas/', '') in definitions)))
      wrong.push($ref)
    Object.values(value).forEach(walk)
  }
  walk(definitions)
  expect(wrong).toEqual([])
  expect(definitions['io.k8s.api.apps.v1.Deployment']).toMatchObject({
    'x-kubernetes-group-version-kind': [{ group: 'apps', version: 'v1', kind: 'Deployment' }]
  })
  expect(definitions['io.k8s.api.apps.v1.DeploymentSpec']).toMatchObject({
    properties: { strategy: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }] } }
  })
})

test('names are the published ones', () => {
  expect(definitionName('PodSpec')).toBe('io.k8s.api.core.v1.PodSpec')
  expect(definitionName('EventsEvent')).toBe('io.k8s.api.events.v1.Event')
  expect(definitionName('ObjectMeta')).toBe('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
})
