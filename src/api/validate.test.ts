import fc from 'fast-check'
import { expect, test } from 'vitest'
import { causeText } from './cause.ts'
import { canaryKind } from './flagger-kinds.ts'
import { virtualServiceKind } from './istio-kinds.ts'
import type { Schema } from './schema.ts'
import { CAUSES_MAX, validate } from './validate.ts'

const BLOCKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

const canary = canaryKind.versions[0]?.schema ?? {}
const virtualService = virtualServiceKind.versions[0]?.schema ?? {}
const targetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const analysis = { interval: '1m', threshold: 5, stepWeight: 10 }

// Texts as recorded from kube-apiserver 1.36 (shared/data/kubectl) or given in kubernetes.md 3.13.
test.each<[string, Schema, unknown, string]>([
  ['valid', canary, { spec: { targetRef, analysis } }, ''],
  ['required', canary, { spec: {} }, `[spec.targetRef: Required value, spec.analysis: Required value, ${BLOCKED}]`],
  [
    'type',
    virtualService,
    { spec: { http: [{ route: [{ destination: { host: 'a' }, weight: 'ten' }] }] } },
    `[spec.http[0].route[0].weight: Invalid value: "string": spec.http[0].route[0].weight in body must be of type integer: "string", ${BLOCKED}]`
  ],
  [
    'enum',
    canary,
    { spec: { targetRef: { ...targetRef, kind: 'Job' }, analysis } },
    `[spec.targetRef.kind: Unsupported value: "Job": supported values: "DaemonSet", "Deployment", "Service", ${BLOCKED}]`
  ],
  [
    'oneOf, two fit',
    virtualService,
    { spec: { http: [{ match: [{ uri: { exact: 'a', prefix: 'b' } }] }] } },
    '<nil>: Invalid value: "": "spec.http[0].match[0].uri" must validate one and only one schema (oneOf). Found 2 valid alternatives'
  ],
  [
    'pattern',
    canary,
    { spec: { targetRef, analysis: { ...analysis, interval: '1h' } } },
    `spec.analysis.interval: Invalid value: "1h": spec.analysis.interval in body should match '^[0-9]+(m|s)'`
  ]
])('%s', (_, schema, value, text) => {
  const causes = validate(schema, value)
  expect(causes.length === 0 ? '' : causeText(causes)).toBe(text)
})

test('a missing alternative names what the nearest one lacks', () => {
  const causes = validate(canary, { spec: { targetRef, analysis: { interval: '1m', threshold: 5 } } })
  expect(causes.map((cause) => cause.field)).toEqual(['<nil>', 'spec.analysis.iterations', '<nil>'])
  expect(causes[0]?.message).toContain('"spec.analysis" must validate one and only one schema (oneOf). Found none valid')
})

test('null is allowed where it is said, and built-in kinds have no cause about CEL', () => {
  const schema: Schema = { type: 'object', properties: { a: { type: 'integer', nullable: true }, b: { type: 'integer' } } }
  expect(causeText(validate(schema, { a: null, b: null }, 'built-in'))).toBe(
    'b: Invalid value: "null": b in body must be of type integer: "null"'
  )
})

test('embedded objects need apiVersion and kind', () => {
  const schema: Schema = { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }
  expect(validate(schema, { kind: '' }, 'built-in').map((cause) => cause.field)).toEqual(['apiVersion', 'kind'])
})

test('hostile input: deep, wide and with prototype keys', () => {
  let deep: unknown = 1
  for (let level = 0; level < 100_000; level++) deep = [deep]
  expect(validate(virtualService, { spec: { http: deep } }).length).toBeGreaterThan(0)
  const wide = Array.from({ length: 100_000 }, () => 1)
  expect(validate(virtualService, { spec: { hosts: wide } })).toHaveLength(CAUSES_MAX + 1)
  expect(validate(virtualService, JSON.parse('{"__proto__": {"spec": 1}, "constructor": 2}'))).toEqual([])
})

test('any JSON is judged without throwing', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => Array.isArray(validate(canary, { spec: value, status: value, metadata: value }))))
})
