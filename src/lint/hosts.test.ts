import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

function virtualService(name: string, spec: string, namespace = 'default'): string {
  return `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {http: [{directResponse: {status: 200}}], ${spec}}\n---\n`
}

const GATEWAY = `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['default/*.example', x.test]}]}\n---\n`

function findings(text: string): string[] {
  return lint(objectsOf(text)).map(({ code, object, path }) => `${code} ${object.name} ${path}`)
}

test('hosts that no server of the gateway has, or not for this namespace', () => {
  expect(findings(GATEWAY + virtualService('ok', 'hosts: [a.example], gateways: [g]'))).toEqual([])
  expect(findings(GATEWAY + virtualService('bad', 'hosts: [b.test], gateways: [mesh, g]'))).toEqual([
    'gateway-host-mismatch bad spec.gateways[1]'
  ])
  expect(findings(GATEWAY + virtualService('far', 'hosts: [a.example], gateways: [default/g]', 'shop'))).toEqual([
    'gateway-host-mismatch far spec.gateways[0]'
  ])
})

test('two VirtualServices for one mesh host: the younger is told', () => {
  expect(findings(virtualService('old', 'hosts: [a.test]') + virtualService('young', 'hosts: [b.test, a.test]'))).toEqual([
    'host-conflict young spec.hosts[1]'
  ])
})

test('no conflict when nobody sees both, or when one is for a gateway only', () => {
  const own = (name: string, namespace: string): string => virtualService(name, "hosts: [a.test], exportTo: ['.']", namespace)
  expect(findings(own('one', 'a') + own('two', 'b'))).toEqual([])
  expect(findings(GATEWAY + virtualService('one', 'hosts: [x.test]') + virtualService('two', 'hosts: [x.test], gateways: [g]'))).toEqual([])
})
