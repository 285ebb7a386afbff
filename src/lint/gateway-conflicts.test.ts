import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

interface Given {
  readonly selector?: string
  readonly port?: number
  readonly hosts?: string
  readonly more?: string
}

function gateway(name: string, { selector = '{istio: ingressgateway}', port = 80, hosts = '[a.example]', more = '' }: Given = {}): string {
  const server = `{port: {number: ${port}, name: p${port}, protocol: HTTP}, hosts: ${hosts}${more}}`
  return `---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: ${name}}\nspec: {selector: ${selector}, servers: [${server}]}\n`
}

const POD = '---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {istio: ingressgateway, zone: a}}\nspec: {containers: []}\n'

function found(...texts: readonly string[]): string[] {
  return lint(objectsOf(texts.join(''))).flatMap(({ istio, object, path }) =>
    istio === 'IST0145' || istio === 'IST0138' ? [`${istio} ${object.name} ${path}`] : []
  )
}

const BOTH = ['IST0145 a spec.servers[0]', 'IST0145 b spec.servers[0]']

test.each([
  ['one port, host and selector', {}, BOTH],
  ['another port', { port: 81 }, []],
  ['another host', { hosts: '[b.example]' }, []],
  ['hosts of which one is the same', { hosts: '[b.example, a.example]' }, BOTH],
  ['another address', { more: ', bind: 127.0.0.1' }, []],
  ['another selector', { selector: '{istio: other}' }, []],
  ['a narrower selector, and a pod that both select', { selector: '{istio: ingressgateway, zone: a}' }, BOTH],
  ['a narrower selector, and no such pod', { selector: '{istio: ingressgateway, zone: b}' }, []]
])('two Gateways with %s: %o', (_, second, wanted) => {
  expect(found(gateway('a'), gateway('b', second), POD)).toEqual(wanted)
})

test("a certificate of two Gateways is told at the one whose proxies are among the other's", () => {
  const tls = (name: string): Given => ({ port: 443, hosts: `[${name}.example]`, more: ', tls: {mode: SIMPLE, credentialName: c}' })
  expect(found(gateway('a', tls('a')), gateway('b', tls('b')))).toEqual(['IST0138 a spec.servers[0].tls', 'IST0138 b spec.servers[0].tls'])
  const narrow = { ...tls('b'), selector: '{istio: ingressgateway, zone: a}' }
  expect(found(gateway('a', tls('a')), gateway('b', narrow))).toEqual(['IST0138 a spec.servers[0].tls'])
  const files = (name: string): Given => ({ ...tls(name), more: ', tls: {mode: SIMPLE, serverCertificate: c, privateKey: k}' })
  expect(found(gateway('a', files('a')), gateway('b', files('b')))).toHaveLength(2)
  expect(found(gateway('a', files('a')), gateway('b', tls('b')))).toEqual([])
})
