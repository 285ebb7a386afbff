import { expect, test } from 'vitest'
import { goText, notDecoded } from './go-text.ts'

// as kube-apiserver 1.36.3 answered
test.each([
  [{ spec: { replicas: 'one' } }, 'map[spec:map[replicas:one]]'],
  [
    { spec: { replicas: 1.5, a: true, b: null, c: ['x', 1, 2.5, { z: 1, y: 2 }], d: 'q r' } },
    'map[spec:map[a:true b:<nil> c:[x 1 2.5 map[y:2 z:1]] d:q r replicas:1.5]]'
  ]
])('%j is printed as %s', (value, text) => expect(goText(value)).toBe(text))

test.each([
  [[], 'array'],
  [{}, 'object'],
  ['x', 'string'],
  [3, 'number'],
  [true, 'bool'],
  [null, 'null']
])('%j cannot be read where a list of operations is wanted', (value, given) => {
  expect(notDecoded(value, '[]handlers.jsonPatchOp')).toBe(`json: cannot unmarshal ${given} into Go value of type []handlers.jsonPatchOp`)
})
