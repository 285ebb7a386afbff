import { expect, test } from 'vitest'
import { Topology, localityOfLabels, partsOf, withTopology } from './topology.ts'

const NODE = { metadata: { name: 'n1', labels: { 'topology.kubernetes.io/region': 'r1', 'topology.kubernetes.io/zone': 'z1' } } }

test('labels tell a locality: one of dots or of slashes, or region, zone and subzone', () => {
  expect(localityOfLabels({ 'istio-locality': 'r1.z1.s1' })).toBe('r1/z1/s1')
  expect(localityOfLabels({ 'istio-locality': 'r1/z1' })).toBe('r1/z1')
  expect(localityOfLabels({ 'topology.kubernetes.io/region': 'r1', 'topology.istio.io/subzone': 's' })).toBe('r1//s')
  expect(localityOfLabels({ app: 'a' })).toBe('')
  expect(partsOf('r1/z1')).toEqual(['r1', 'z1', ''])
})

test('a pod is where it says, else where its node is, else where its topology labels say', () => {
  const topology = new Topology({ nodes: [NODE] })
  const pod = (labels: Readonly<Record<string, string>>, nodeName = 'n1') => ({ metadata: { labels }, spec: { nodeName } })
  expect(topology.ofPod(pod({ 'istio-locality': 'far' }))).toBe('far')
  expect(topology.ofPod(pod({ 'topology.kubernetes.io/region': 'other' }))).toBe('r1/z1')
  expect(topology.ofPod(pod({ 'topology.kubernetes.io/region': 'other' }, 'n2'))).toBe('other')
})

test('a locality stands for labels, which subsets and priorities may name', () => {
  expect(withTopology({ app: 'a' }, 'r1/z1')).toEqual({
    app: 'a',
    'topology.kubernetes.io/region': 'r1',
    'topology.kubernetes.io/zone': 'z1'
  })
  expect(withTopology({ app: 'a' }, '')).toEqual({ app: 'a' })
})
