import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { checkObjects } from './compile-routes.ts'
import { meshConfigOf } from './mesh-objects.ts'

function named(kind: string, spec: string): string[] {
  const objects = objectsOf(`apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: x}\nspec: ${spec}\n`)
  const problems = checkObjects(meshConfigOf(objects)).filter(({ code }) => code === 'not-applied-yet')
  return problems.map(({ code, path }) => `${code} ${path}`)
}

test('a WorkloadEntry with a Unix socket is named; networks and identities have nothing to do', () => {
  expect(named('WorkloadEntry', '{address: 10.0.0.1, network: n, serviceAccount: s, locality: a/b, weight: 2, labels: {a: b}}')).toEqual([])
  expect(named('WorkloadEntry', "{address: 'unix:///x'}")).toEqual(['not-applied-yet spec.address'])
})

test('of a Sidecar what comes in, other protocols and places to listen are named', () => {
  const spec = `{workloadSelector: {labels: {a: b}}, outboundTrafficPolicy: {mode: REGISTRY_ONLY, egressProxy: {host: x}},
    egress: [{hosts: ['./*'], bind: 127.0.0.1, captureMode: NONE, port: {number: 80, name: p, protocol: TCP}}, {hosts: ['*/*'], captureMode: DEFAULT}],
    ingress: [{port: {number: 80, name: p, protocol: HTTP}}]}`
  expect(named('Sidecar', spec)).toEqual(
    ['outboundTrafficPolicy.egressProxy', 'egress[0].bind', 'egress[0].captureMode', 'egress[0].port.protocol', 'ingress'].map(
      (path) => `not-applied-yet spec.${path}`
    )
  )
})
