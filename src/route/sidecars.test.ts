import { describe, expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { Imports, Sidecars } from './sidecars.ts'
import type { Egress } from './sidecars.ts'

const NAMED = (name: string, namespace: string, spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n---\n`

function sidecars(text: string): Sidecars {
  return new Sidecars(meshConfigOf(objectsOf(text)).sidecars)
}

function egress(text: string, labels: Readonly<Record<string, string>> = {}, namespace = 'shop'): Egress {
  return sidecars(text).of({ namespace, labels })
}

describe('which one applies', () => {
  const TEXT =
    NAMED('root', 'istio-system', "{egress: [{hosts: ['root/*']}]}") +
    NAMED('all', 'shop', "{egress: [{hosts: ['all/*']}]}") +
    NAMED('younger', 'shop', "{egress: [{hosts: ['younger/*']}]}") +
    NAMED('some', 'shop', "{workloadSelector: {labels: {app: a}}, egress: [{hosts: ['some/*']}]}") +
    NAMED('root-some', 'istio-system', "{workloadSelector: {labels: {app: b}}, egress: [{hosts: ['root-some/*']}]}")

  test.each([
    ['shop', { app: 'a', x: 'y' }, 'some'],
    ['shop', { app: 'b' }, 'all'],
    ['other', { app: 'a' }, 'root'],
    ['other', { app: 'b' }, 'root']
  ])('%s %o: %s', (namespace, labels, from) => {
    const imports = egress(TEXT, labels, namespace).importsAt(80)
    const namespaces = ['some', 'all', 'younger', 'root', 'root-some'].filter((each) => imports?.hasHost('h', each))
    expect(namespaces).toEqual([from])
  })

  test('without any everything is known and unknown hosts pass', () => {
    expect(egress('', {})).toMatchObject({ refusesUnknown: false, ports: [] })
    expect(egress('', {}).importsAt(80)).toBeUndefined()
  })

  test('labels that are asked for are told', () => {
    expect(sidecars(TEXT).labelKeys).toEqual(['app', 'app'])
  })
})

describe('what is known', () => {
  test('a listener with a port is for that port alone, one without for the others', () => {
    const both = egress(NAMED('x', 'shop', "{egress: [{hosts: ['a/*'], port: {number: 81, name: p, protocol: HTTP}}, {hosts: ['b/*']}]}"))
    expect(both.ports).toEqual([81])
    expect([both.importsAt(81)?.hasHost('h', 'a'), both.importsAt(81)?.hasHost('h', 'b')]).toEqual([true, false])
    expect([both.importsAt(80)?.hasHost('h', 'a'), both.importsAt(80)?.hasHost('h', 'b')]).toEqual([false, true])
    const one = egress(NAMED('x', 'shop', "{egress: [{hosts: ['*/*'], port: {number: 81, name: p, protocol: HTTP}}]}"))
    expect([one.importsAt(81)?.hasHost('h', 'a'), one.importsAt(80)?.hasHost('h', 'a')]).toEqual([true, false])
  })

  test.each([
    ['./*', 'web.shop', 'shop', true],
    ['./*', 'web.shop', 'other', false],
    ['*/*.shop', 'web.shop', 'other', true],
    ['other/web.shop', 'web.shop', 'other', true],
    ['other/web.shop', 'db.shop', 'other', false],
    ['~/*', 'web.shop', 'shop', false],
    ['*/Web.shop', 'web.shop', 'shop', true]
  ])('%s has %s of %s: %s', (...[entry, host, namespace, expected]) => {
    expect(new Imports([entry], 'shop').hasHost(host, namespace)).toBe(expected)
  })

  test('a VirtualService counts when one of its hosts has to do with what is known', () => {
    const imports = new Imports(['shop/web.shop', 'shop/*.example'], 'shop')
    expect(imports.hasRules(['a.test', 'web.shop'], 'shop')).toBe(true)
    expect(imports.hasRules(['*.shop'], 'shop')).toBe(true)
    expect(imports.hasRules(['a.example'], 'shop')).toBe(true)
    expect(imports.hasRules(['a.test'], 'shop')).toBe(false)
    expect(imports.hasRules(['web.shop'], 'other')).toBe(false)
  })
})

test.each([
  ['{}', false],
  ['{outboundTrafficPolicy: {mode: ALLOW_ANY}}', false],
  ['{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}', true],
  // As for Istio: the first of the words is the default once the policy is there.
  ['{outboundTrafficPolicy: {}}', true]
])('unknown hosts are refused by %s: %s', (spec, expected) => {
  expect(egress(NAMED('x', 'shop', spec)).refusesUnknown).toBe(expected)
})
