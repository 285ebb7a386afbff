import { expect, test } from 'vitest'
import { caution, refusal } from './istio-fault.ts'
import { denialOf, validateIstio } from './istio-validate.ts'

const vs = (spec: unknown, metadata = {}): Parameters<typeof validateIstio>[0] => ({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata,
  ...(spec === undefined ? {} : { spec })
})

test('objects of Istio are judged, an absent spec as an empty one; others are not', () => {
  expect(validateIstio(vs({ hosts: ['a'], http: [{ directResponse: { status: 200 } }] }))).toEqual([])
  expect(validateIstio(vs(undefined))).toMatchObject([{ code: 'no-rules' }])
  expect(validateIstio({ apiVersion: 'v1', kind: 'Service', metadata: {} })).toEqual([])
  expect(validateIstio({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: {} })).toEqual([])
})

test('annotations that Istio keeps for itself are refused', () => {
  const annotations = { 'istio.io/dry-run': 'true', 'internal.istio.io/parents': 'x', 'a.example/b': 'c' }
  const faults = validateIstio(vs({ hosts: ['a'], http: [{ directResponse: { status: 200 } }] }, { annotations }))
  expect(faults.map(({ path }) => path)).toEqual([
    'metadata.annotations["istio.io/dry-run"]',
    'metadata.annotations["internal.istio.io/parents"]'
  ])
})

test("the webhook's message has the errors, each with its place, and none for warnings", () => {
  expect(denialOf([caution('spec', 'hm')])).toBeUndefined()
  expect(denialOf([refusal('spec.a', 'no'), caution('spec', 'hm')])).toBe('configuration is invalid: no (spec.a)')
  expect(denialOf([refusal('spec.a', 'no'), refusal('spec.b', 'nor this')])).toBe(
    'configuration is invalid: 2 errors occurred:\n\t* no (spec.a)\n\t* nor this (spec.b)\n\n'
  )
})
