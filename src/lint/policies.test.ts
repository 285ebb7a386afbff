import { expect, test } from 'vitest'
import { deployed, objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

const MESH = deployed({ name: 'web', versions: { v1: 2, v2: 1 } })

function findings(spec: string, http = '{route: [{destination: {host: web}}]}', more = ''): string[] {
  const rule = `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r${more}}\nspec: ${spec}\n---\n`
  const routes = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: {hosts: [web], http: [${http}]}\n`
  const codes = new Set(['ejection-impossible', 'split-not-sticky'])
  return lint([...MESH, ...objectsOf(rule + routes)])
    .filter(({ code }) => codes.has(code))
    .map(({ path, message }) => `${path}: ${message}`)
}

const NOBODY = 'nobody is ever ejected'

test('G114: ejections that too few endpoints rule out are named, with the percentage that allows one', () => {
  expect(findings('{host: web, trafficPolicy: {outlierDetection: {}}}')).toEqual([
    `spec.trafficPolicy.outlierDetection: ${NOBODY}: 10 percent of 3 endpoints is less than one; for one to go maxEjectionPercent must be 34 or more`
  ])
  const subset = '{name: v2, labels: {version: v2}, trafficPolicy: {outlierDetection: {maxEjectionPercent: 50}}}'
  expect(findings(`{host: web, subsets: [${subset}]}`)).toEqual([
    `spec.subsets[0].trafficPolicy.outlierDetection: ${NOBODY}: 50 percent of 1 endpoint is less than one; for one to go maxEjectionPercent must be 100 or more`
  ])
})

test('ejections that can happen, of hosts without endpoints, and of rules that a Canary owns are not', () => {
  expect(findings('{host: web, trafficPolicy: {outlierDetection: {maxEjectionPercent: 34}}}')).toEqual([])
  expect(findings('{host: elsewhere.example, trafficPolicy: {outlierDetection: {}}}')).toEqual([])
  const owner = ', ownerReferences: [{apiVersion: flagger.app/v1beta1, kind: Canary, name: c, uid: u}]'
  expect(findings('{host: web, trafficPolicy: {outlierDetection: {}}}', undefined, owner)).toEqual([])
})

test('G102: a hash does not reach over a weighted split', () => {
  const rule = `{host: web, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}},
    subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}`
  const to = (subset: string, weight: number): string => `{destination: {host: web, subset: ${subset}}, weight: ${weight}}`
  const [found = '', ...more] = findings(rule, `{route: [${to('v1', 90)}, ${to('v2', 10)}]}`)
  expect(found).toMatch(/^spec\.http\[0\]\.route: the consistent hash of web only chooses the endpoint/)
  expect(more).toEqual([])
  expect(findings(rule, `{route: [${to('v1', 100)}, ${to('v2', 0)}]}`)).toEqual([])
  expect(findings(rule, `{route: [${to('v1', 100)}]}`)).toEqual([])
})
