import { expect, test } from 'vitest'
import { readInput } from './argo-input.ts'

const TEXT = `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: api, namespace: shop}
---
kind: Rollout
apiVersion: other.io/v1
metadata: {name: other}
---
apiVersion: v1
kind: Service
metadata: {name: api}
---
just: text
`

test("Argo's Rollouts are found, and others by name where namespaces do not contradict", () => {
  const { input, problems } = readInput([{ file: 'f', text: TEXT }])
  expect(input.rollouts.map(({ object }) => object.metadata.name)).toEqual(['api'])
  expect(input.find('Service', 'api', 'shop')?.object.kind).toBe('Service')
  expect(input.find('Rollout', 'api', 'elsewhere')).toBeUndefined()
  expect(input.rollouts[0]?.lineOf('metadata.name')).toBe(4)
  expect(problems).toEqual([])
})

test('what cannot be read is said with its line', () => {
  expect(readInput([{ file: 'f', text: 'a: {' }]).problems[0]).toMatch(/^f:1: error /)
})
