import { expect, test } from 'vitest'
import { decode } from './decode.ts'
import { canaryKind } from './flagger-kinds.ts'
import type { Canary } from './flagger-canary.ts'
import { virtualServiceKind } from './istio-kinds.ts'
import type { VirtualService } from './istio-virtual-service.ts'

const virtualService = (fields: object): object => ({ apiVersion: 'networking.istio.io/v1beta1', kind: 'VirtualService', ...fields })

test('a valid object comes out typed, without its unknown fields, which are told', () => {
  const { value, problems } = decode<VirtualService>(
    virtualServiceKind,
    virtualService({ metadata: { name: 'web' }, spec: { hosts: ['web'], http: [{ rout: [], timeout: '1s' }] } })
  )
  expect(value?.spec.http).toEqual([{ timeout: '1s' }])
  expect(problems).toEqual([{ code: 'unknown-field', severity: 'warning', path: 'spec.http[0].rout', message: 'unknown field, dropped' }])
})

test('an absent spec is an empty one', () => {
  expect(decode<VirtualService>(virtualServiceKind, virtualService({})).value?.spec).toEqual({})
})

test('every fault is told and nothing comes out', () => {
  const canary = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', spec: { provider: 'x', service: { port: '80' } } }
  const { value, problems } = decode<Canary>(canaryKind, canary)
  expect(value).toBeUndefined()
  expect(problems.map((problem) => `${problem.path} ${problem.code}`)).toEqual([
    'spec.targetRef FieldValueRequired',
    'spec.analysis FieldValueRequired',
    'spec.provider FieldValueNotSupported',
    'spec.service.port FieldValueTypeInvalid'
  ])
})

test.each([
  [3, ''],
  [null, ''],
  [{ kind: 'Gateway', apiVersion: 'networking.istio.io/v1' }, 'kind'],
  [{ kind: 'VirtualService', apiVersion: 'networking.istio.io/v2' }, 'apiVersion'],
  [virtualService({ spec: [] }), 'spec'],
  [virtualService({ metadata: 'x' }), 'metadata']
])('%j is refused at %j', (value, path) => {
  const decoded = decode<VirtualService>(virtualServiceKind, value)
  expect(decoded.value).toBeUndefined()
  expect(decoded.problems[0]?.path).toBe(path)
})
