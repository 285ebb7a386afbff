import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'
import { sharesText } from './weights.ts'

function codes(route: string, metadata = '{name: web}'): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: ${metadata}\nspec: {hosts: [web], http: [{route: [${route}]}]}\n`
  return lint([...deployed({ name: 'web', versions: {} }), ...objectsOf(text)])
    .map(({ code }) => code)
    .filter((code) => code.startsWith('weight'))
}

const two = (a: string, b: string, wa: number, wb: number): string =>
  `{destination: {host: web, subset: ${a}}, weight: ${wa}}, {destination: {host: web, subset: ${b}}, weight: ${wb}}`

test.each([
  [two('v1', 'v2', 90, 10), []],
  [two('v1', 'v2', 50, 50), []],
  [two('v1', 'v2', 0, 100), []],
  [two('v1', 'v2', 1, 99), ['weights-reversed']],
  [two('v2', 'v1', 99, 1), ['weights-reversed']],
  [two('v1-9', 'v1-10', 20, 80), ['weights-reversed']],
  [two('stable', 'canary', 20, 80), ['weights-reversed']],
  [two('canary', 'primary', 20, 80), []],
  [two('blue', 'green', 20, 80), []],
  [two('v1', 'v2', 90, 20), ['weights-not-100']],
  [two('v1', 'v2', 1, 2), ['weights-not-100', 'weights-reversed']],
  ['{destination: {host: web}, weight: 10}', ['weight-alone']],
  ['{destination: {host: web}, weight: 100}', []],
  ['{destination: {host: web}}', []]
])('%s: %o', (route, wanted) => {
  expect(codes(route)).toEqual(wanted)
})

test('weights that a Canary writes are its own business', () => {
  const owned = '{name: web, ownerReferences: [{apiVersion: flagger.app/v1beta1, kind: Canary, name: web, uid: u}]}'
  expect(codes(two('v1', 'v2', 1, 99), owned)).toEqual([])
})

test('shares are weight over sum', () => {
  expect(
    sharesText(
      [
        { destination: { host: 'a' }, weight: 1 },
        { destination: { host: 'b', subset: 'v2' }, weight: 2 }
      ],
      3
    )
  ).toBe('a 33.33 %, v2 66.67 %')
})
