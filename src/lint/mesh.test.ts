import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { Reads } from '../std/reads.ts'
import { Around } from './around.ts'
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
    around: new Around(new Reads()),
    pods: 'some'
  })
  expect(rules.map(({ rule, place }) => `${rule.name} ${within(place, 'route').path}`)).toEqual([
    'x spec.http[0].route',
    'y spec.http[1].route'
  ])
})
