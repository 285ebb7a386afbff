import { expect, test } from 'vitest'
import { deploymentOf } from '../../test/rollout-objects.ts'
import { isRefreshing, REFRESH_ANNOTATION, refreshMark } from './refresh-mark.ts'

const plain = deploymentOf('api:1')
const marked = { ...plain, metadata: { ...plain.metadata, annotations: { [REFRESH_ANNOTATION]: 'true', mine: 'x' } } }

test('the mark comes with the scale that ends pods, and goes with any other', () => {
  expect([isRefreshing(plain), isRefreshing(marked), isRefreshing(undefined)]).toEqual([false, true, false])
  expect(refreshMark(plain, 'refresh')).toEqual([{ op: 'add', path: '/metadata/annotations', value: { [REFRESH_ANNOTATION]: 'true' } }])
  expect([refreshMark(marked, 'refresh'), refreshMark(plain, 'zero'), refreshMark(plain, 'target')]).toEqual([[], [], []])
  for (const to of ['zero', 'target'] as const) expect(refreshMark(marked, to).map(({ op }) => op)).toEqual(['test', 'remove'])
})
