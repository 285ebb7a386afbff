import { expect, test } from 'vitest'
import { FLAGGER_KINDS } from './flagger-kinds.ts'

// schema-compare.test.ts compares each kind with its official CRD
test('every kind is in the category all and keeps its status apart', () => {
  expect(FLAGGER_KINDS.map(({ kind, categories, status }) => [kind, categories, status])).toEqual([
    ['Canary', ['all'], 'subresource'],
    ['MetricTemplate', ['all'], 'subresource'],
    ['AlertProvider', ['all'], 'subresource']
  ])
})
