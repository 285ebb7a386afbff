import { expect, test } from 'vitest'
import type { VirtualService } from '../api/istio-virtual-service.ts'
import { ruleSetsOf, sourceLabelsOf } from './rule-sets.ts'

function named(name: string, spec: VirtualService['spec'], age = '2026-01-01T00:00:00Z'): VirtualService {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'shop', creationTimestamp: age },
    spec
  }
}

const LEAF = named('leaf', { http: [{ match: [{ sourceLabels: { tier: 'one' } }], route: [{ destination: { host: 'b' } }] }] })
const ROOT = named('root', { hosts: ['a'], gateways: ['gate', 'mesh'], http: [{ delegate: { name: 'leaf' } }] })

test('VirtualServices with hosts and http, oldest first, names in full; delegates are in their roots only', () => {
  const older = named('z', { hosts: ['b.example'], http: [] }, '2025-01-01T00:00:00Z')
  const sets = ruleSetsOf([ROOT, LEAF, older, named('tcp', { hosts: ['c'], tcp: [] })], new Set())
  expect(sets.map(({ key }) => key)).toEqual(['shop/z', 'shop/root'])
  expect(sets[1]).toMatchObject({ hosts: ['a.shop.svc.cluster.local'], gateways: ['shop/gate', 'mesh'], broken: false })
})

test('the annotation for the access log reaches the rules it names', () => {
  const rules = ['a', 'b'].map((name) => ({ name, route: [{ destination: { host: 'x' } }] }))
  const plain = named('logged', { hosts: ['a'], http: rules })
  const words = { ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/access-log': 'on, b=off' } } }
  expect(ruleSetsOf([words], new Set())[0]?.rules.map(({ log }) => log)).toEqual(['on', 'off'])
  expect(ruleSetsOf([plain], new Set())[0]?.rules.map(({ log }) => log)).toEqual([undefined, undefined])
})

test('a root is as wrong as its delegate, and asks of its callers what the delegate asks', () => {
  const [root] = ruleSetsOf([ROOT, LEAF], new Set(['shop/leaf']))
  expect(root).toMatchObject({ broken: true, asksCaller: true })
  expect(sourceLabelsOf(ruleSetsOf([ROOT, LEAF], new Set()))).toEqual(['tier'])
})
