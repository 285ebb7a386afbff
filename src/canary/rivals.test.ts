import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { contend, rivalOf } from './rivals.ts'

function at(second: number, name: string, spec: Record<string, unknown> = {}, analysis: Record<string, unknown> = {}): KubeObject {
  return { ...canaryOf(analysis, spec), metadata: { name, namespace: 'test', creationTimestamp: `2026-01-01T00:00:0${second}Z` } }
}

const web = { targetRef: { kind: 'Deployment', name: 'web' } }

test('two contend for one target or one name of Services, in one namespace', () => {
  expect(contend(at(0, 'a'), at(1, 'b'))).toBe(true)
  expect(contend(at(0, 'a'), at(1, 'b', { ...web, service: { port: 80, name: 'api' } }))).toBe(true)
  expect(contend(at(0, 'a'), at(1, 'b', web))).toBe(false)
  const elsewhere = at(1, 'b')
  expect(contend(at(0, 'a'), { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'other' } })).toBe(false)
})

test('the older one has no rival, of one age the first by name; one that is refused is no rival', () => {
  expect(rivalOf(at(0, 'z'), [at(0, 'z'), at(1, 'a')])).toBeUndefined()
  expect(rivalOf(at(1, 'a'), [at(0, 'z')])?.text).toBe('Deployment api is already rolled out by Canary z')
  expect(rivalOf(at(1, 'b'), [at(1, 'a')])?.text).toBe('Deployment api is already rolled out by Canary a')
  expect(rivalOf(at(1, 'a'), [at(0, 'z', {}, { stepWeight: 2.5 })])).toBeUndefined()
})
