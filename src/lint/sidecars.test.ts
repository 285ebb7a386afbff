import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { lint } from './lint.ts'

const sidecar = (name: string, selector: string, namespace = 'default'): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {${selector}egress: [{hosts: ["./*"]}]}\n`
const by = (labels: string): string => `workloadSelector: {labels: {${labels}}}, `
const pod = (labels: string): string => `---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {${labels}}}\nspec: {containers: []}\n`

function found(texts: readonly string[], pods: 'all' | 'some' = 'some'): string[] {
  return lint(objectsOf(texts.join('')), pods).flatMap(({ istio = '', object, path }) =>
    /^IST01(01|10|11)$/.test(istio) ? [`${istio} ${object.name} ${path}`] : []
  )
}

const BOTH = ['IST0110 a spec.workloadSelector', 'IST0110 b spec.workloadSelector']

test('two Sidecars for one pod are told at both, by whatever labels they select it', () => {
  expect(found([sidecar('a', by('app: x')), sidecar('b', by('app: x')), pod('app: x')])).toEqual(BOTH)
  expect(found([sidecar('a', by('app: x')), sidecar('b', by('zone: y')), pod('app: x, zone: y')])).toEqual(BOTH)
  expect(
    found([sidecar('a', by('app: x')), sidecar('b', by('zone: y')), pod('app: x'), pod('zone: y').replace('name: p', 'name: q')])
  ).toEqual([])
})

test('one for the whole namespace stands beside those that select; two of it do not, but for another namespace', () => {
  expect(found([sidecar('a', by('app: x')), sidecar('b', ''), pod('app: x')])).toEqual([])
  expect(found([sidecar('a', ''), sidecar('b', '')])).toEqual(['IST0111 a spec', 'IST0111 b spec'])
  expect(found([sidecar('a', ''), sidecar('b', '', 'other')])).toEqual([])
})

test('a Sidecar that selects no pod of its namespace is told, where the pods are known', () => {
  expect(found([sidecar('a', by('app: x')), pod('app: y')])).toEqual(['IST0101 a spec.workloadSelector'])
  expect(found([sidecar('a', by('app: x'), 'other'), pod('app: x')])).toEqual(['IST0101 a spec.workloadSelector'])
  expect(found([sidecar('a', by('app: x'))])).toEqual([])
  expect(found([sidecar('a', by('app: x'))], 'all')).toEqual(['IST0101 a spec.workloadSelector'])
})
