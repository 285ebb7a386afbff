import { expect, test } from 'vitest'
import { scaleOf, withReplicas } from './scale.ts'

const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' }
const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'a' }, spec: { other: 1 } }

test('absent counts are 0 and replicas go where the kind keeps them', () => {
  expect(scaleOf(object, scale)).toMatchObject({ spec: { replicas: 0 }, status: { replicas: 0 }, metadata: { name: 'a' } })
  expect(withReplicas(object, scale, 3)).toEqual({ ...object, spec: { other: 1, replicas: 3 } })
})

test('a selector is shown as text, whichever form it has', () => {
  const selector = { matchLabels: { b: 'c', a: 'b' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }] }
  expect(scaleOf({ ...object, spec: { selector } }, scale)['status']).toEqual({ replicas: 0, selector: 'a=b,b=c,k in (x,y)' })
  expect(scaleOf({ ...object, status: { replicas: 2, selector: 'q=r' } }, scale)['status']).toEqual({ replicas: 2, selector: 'q=r' })
})
