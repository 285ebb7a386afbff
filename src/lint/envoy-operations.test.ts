import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

const filter = (name: string, patches: string, priority = 0): string =>
  `---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: ${name}}\nspec: {priority: ${priority}, configPatches: [${patches}]}\n`

function found(...texts: readonly string[]): string[] {
  return lint(objectsOf(texts.join(''))).flatMap(({ istio = '', object, path }) =>
    /^IST015[1-5]$/.test(istio) ? [`${istio} ${object.name} ${path}`] : []
  )
}

const patch = (applyTo: string, operation: string, more = ''): string =>
  `{applyTo: ${applyTo}${more}, patch: {operation: ${operation}, value: {name: f}}}`
const BESIDE = filter('z', patch('CLUSTER', 'MERGE'))
const AT = 'a spec.configPatches[0].patch.operation'

test.each([
  [patch('HTTP_FILTER', 'INSERT_BEFORE'), [`IST0151 ${AT}`]],
  [patch('HTTP_FILTER', 'INSERT_AFTER'), [`IST0151 ${AT}`]],
  [patch('HTTP_FILTER', 'INSERT_FIRST'), []],
  [patch('CLUSTER', 'MERGE'), []],
  [patch('CLUSTER', 'ADD'), []],
  [patch('HTTP_ROUTE', 'ADD'), [`IST0153 ${AT}`]],
  [patch('ROUTE_CONFIGURATION', 'REMOVE'), [`IST0154 ${AT}`]],
  [patch('CLUSTER', 'REMOVE'), [`IST0151 ${AT}`]],
  [patch('CLUSTER', 'REPLACE'), [`IST0152 ${AT}`]],
  [patch('VIRTUAL_HOST', 'REPLACE'), [`IST0151 ${AT}`]]
])('%s: %o', (text, wanted) => {
  expect(found(filter('a', text), BESIDE)).toEqual(wanted)
})

test('a filter alone, and one with a priority, has its place', () => {
  expect(found(filter('a', patch('HTTP_FILTER', 'INSERT_BEFORE')))).toEqual([])
  expect(found(filter('a', patch('HTTP_FILTER', 'INSERT_BEFORE'), 10), BESIDE)).toEqual([])
  expect(found(filter('a', patch('HTTP_ROUTE', 'ADD')))).toHaveLength(1)
})

test('after a patch of the same filter for one version of the proxy it is told apart', () => {
  const versioned = patch('HTTP_FILTER', 'INSERT_FIRST', ", match: {proxy: {proxyVersion: '1.30.*'}}")
  expect(found(filter('a', `${versioned}, ${patch('HTTP_FILTER', 'INSERT_BEFORE')}`), BESIDE)).toEqual([
    'IST0155 a spec.configPatches[1].patch.operation'
  ])
})
