import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateEnvoyFilter } from './istio-validate-envoy-filter.ts'

const errors = (patch: string): string[] =>
  faultLines('EnvoyFilter', `{configPatches: [${patch}]}`)
    .filter((line) => line.startsWith('error'))
    .map((line) => line.replace(/^error spec\.configPatches\[0\]\.?(.*?): .*$/s, '$1'))

test.each([
  ['{applyTo: HTTP_FILTER, match: {listener: {}}, patch: {operation: INSERT_BEFORE, value: {name: a}}}', []],
  ['{applyTo: HTTP_FILTER, patch: {operation: REMOVE}}', []],
  ['{patch: {operation: ADD, value: {}}}', ['applyTo']],
  ['{applyTo: CLUSTER}', ['']],
  ['{applyTo: CLUSTER, patch: {value: {}}}', ['patch.operation']],
  ['{applyTo: CLUSTER, patch: {operation: ADD}}', ['patch']],
  ['{applyTo: CLUSTER, patch: {operation: REMOVE, value: {}}}', ['patch.value']],
  ['{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: REMOVE}}', ['match']],
  ['{applyTo: HTTP_ROUTE, match: {cluster: {}}, patch: {operation: REMOVE}}', ['match']],
  ['{applyTo: LISTENER, match: {routeConfiguration: {}}, patch: {operation: REMOVE}}', ['match']]
])('the patch %s has errors at %o', (patch, paths) => {
  expect(errors(patch)).toEqual(paths)
})

test('every EnvoyFilter is warned of', () => {
  const filter = { apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter', metadata: {}, spec: { workloadSelector: {} } } as const
  expect(validateEnvoyFilter(filter).map(({ severity }) => severity)).toEqual(['warning', 'warning'])
})
