import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { Registry } from '../route/registry.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { rulesOf, within } from './mesh.ts'

test('rules come in order with their places', () => {
  const config = meshConfigOf(
    objectsOf(
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec: {hosts: [a], http: [{name: x}, {name: y}]}\n'
    )
  )
  const rules = rulesOf({
    config,
    registry: new Registry([]),
    rules: { byNamespace: new Map(), rootNamespace: '' },
    workloads: [],
    pods: 'some'
  })
  expect(rules.map(({ rule, place }) => `${rule.name} ${within(place, 'route').path}`)).toEqual([
    'x spec.http[0].route',
    'y spec.http[1].route'
  ])
})
