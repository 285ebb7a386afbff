import { expect, test } from 'vitest'
import { policyFaults } from '../../test/istio-faults.ts'
import { checkLoadBalancer } from './istio-balancer-checks.ts'

const said = (balancer: string, beside = ''): string[] => policyFaults(`{loadBalancer: ${balancer}${beside}}`)

test.each([
  ['{consistentHash: {httpHeaderName: x, maglev: {tableSize: 65537}}}', 0],
  ['{consistentHash: {httpHeaderName: x, maglev: {}}}', 1],
  ['{consistentHash: {httpHeaderName: x, maglev: {tableSize: 65536}}}', 1],
  ['{consistentHash: {httpHeaderName: x, maglev: {tableSize: 5000011}}}', 1],
  ['{consistentHash: {httpHeaderName: x, maglev: {tableSize: 2}}}', 0],
  ['{consistentHash: {httpCookie: {name: ""}}}', 1],
  ['{consistentHash: {httpCookie: {name: a, attributes: [{name: b}, {name: b}, {name: ""}]}}}', 2],
  ['{simple: ROUND_ROBIN, warmup: {duration: 10s, minimumPercent: 10, aggression: 1.5}}', 0],
  ['{simple: ROUND_ROBIN, warmup: {duration: 0s, aggression: 0}}', 2],
  ['{simple: ROUND_ROBIN, warmupDurationSecs: 0.1ms}', 1]
])('the balancer %s has %i errors', (balancer, errors) => {
  expect(said(balancer)).toHaveLength(errors)
})

test('the old ring size is a warning, and an error beside the new ones', () => {
  expect(said('{consistentHash: {httpHeaderName: x, minimumRingSize: 8}}')).toMatchObject([expect.stringMatching(/^warning/)])
  expect(said('{consistentHash: {httpHeaderName: x, minimumRingSize: 8, ringHash: {minimumRingSize: 8}}}')).toHaveLength(2)
})

const locality = (setting: string): string[] => said(`{localityLbSetting: ${setting}}`, ', outlierDetection: {}')

test.each([
  ['{distribute: [{from: "r1/z1/*", to: {"r1/z1/*": 80, "r1/z2/*": 20}}]}', 0],
  ['{distribute: [{from: r1, to: {r1: 80, r2: 10}}]}', 1],
  ['{distribute: [{from: r1, to: {r1: 0, r2: 100}}]}', 1],
  ['{distribute: [{from: "*/z1", to: {r1: 100}}]}', 1],
  ['{distribute: [{from: r1, to: {"r1/*": 50, "r1/z1": 50}}]}', 1],
  ['{distribute: [{from: r1, to: {r1: 100}}, {from: "r1/z1", to: {r1: 100}}]}', 1],
  ['{distribute: [{from: r1, to: {r1: 100}}], failover: [{from: r1, to: r2}]}', 1],
  ['{failover: [{from: r1, to: r2}]}', 0],
  ['{failover: [{from: r1, to: r1}]}', 1],
  ['{failover: [{from: "r1/z1", to: "*"}]}', 2],
  ['{failover: [{from: r1, to: r2}], failoverPriority: [topology.kubernetes.io/region]}', 1],
  ['{failover: [{from: r1, to: r2}], failoverPriority: [version]}', 0]
])('localities %s have %i errors', (setting, errors) => {
  expect(locality(setting)).toHaveLength(errors)
})

test('failover without outlier detection has no effect: a warning', () => {
  expect(said('{localityLbSetting: {failover: [{from: r1, to: r2}]}}')).toEqual([
    'warning loadBalancer.localityLbSetting: outlier detection policy must be provided for failover'
  ])
  expect(checkLoadBalancer(undefined, 'p', { ejects: false })).toEqual([])
})
