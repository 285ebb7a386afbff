import { expect, test } from 'vitest'
import { routingMark } from './routing-mark.ts'

test.each([
  ['a share', { kind: 'weights', canary: 40 }, 's1-a/40'],
  ['copies', { kind: 'mirror', percent: 50 }, 's1-a/copies'],
  ['nothing', { kind: 'weights', canary: 0 }, undefined]
] as const)('%s of a revision has its mark, whatever its pods read', (_, routing, mark) => {
  expect(routingMark('s1-a+{"configmap/c":"1"}', routing)).toBe(mark)
})
