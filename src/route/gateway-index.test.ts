import { expect, it } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { Reads } from '../std/reads.ts'
import { GatewayIndex } from './gateway-index.ts'
import { LiveRuleSets } from './live-rule-sets.ts'
import { meshConfigOf } from './mesh-objects.ts'

const { gateways, virtualServices } = meshConfigOf(
  objectsOf(`apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: a}
spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: a}
spec: {hosts: [web.example, other.test], gateways: [g], http: [{directResponse: {status: 200}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: own, namespace: a}
spec: {hosts: [own.example], gateways: [g], exportTo: ['.'], http: [{directResponse: {status: 200}}]}
`)
)

it('hosts meet the servers that take them; what a gateway does not see it does not serve', () => {
  const reads = new Reads()
  const sets = new LiveRuleSets(reads, () => false)
  for (const each of virtualServices) sets.set(`a/${each.metadata.name}`, each)
  sets.update()
  const index = new GatewayIndex(reads, sets, 'istio-system')
  index.setGateways(gateways, undefined)
  expect(reads.stale('gateway')).toEqual(['80|web.example'])
  expect(index.at('80|web.example')?.sets.map(({ key }) => key)).toEqual(['a/web'])
  reads.run({ kind: 'gateway', key: '80|web.example' }, () => index.at('80|web.example'))
  index.setGateways([], undefined)
  expect(reads.stale('gateway')).toEqual(['80|web.example'])
  expect([index.at('80|web.example'), index.ports.size]).toEqual([undefined, 0])
})
