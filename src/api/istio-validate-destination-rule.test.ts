import { expect, test } from 'vitest'
import { faultLines } from '../../test/istio-faults.ts'
import { validateDestinationRule } from './istio-validate-destination-rule.ts'

test.each([
  ['{host: a}', []],
  ['{host: "*.example"}', []],
  ['{host: "", trafficPolicy: {}}', ['spec.host', 'spec.trafficPolicy']],
  ['{host: a, subsets: [{name: v1}, {name: v1}, {name: v.2}]}', ['spec.subsets[2].name', 'spec.subsets[1].name']],
  [
    '{host: a, subsets: [{name: v1, labels: {"/": x}, trafficPolicy: {}}]}',
    ['spec.subsets[0].labels["/"]', 'spec.subsets[0].trafficPolicy']
  ],
  ['{host: a, workloadSelector: {matchLabels: {a: b}}, exportTo: [.]}', []],
  ['{host: a, workloadSelector: {matchLabels: {a: b}}, exportTo: [other]}', ['spec.exportTo']],
  ['{host: a, exportTo: ["~"]}', ['spec.exportTo']]
])('%s has errors at %o', (spec, paths) => {
  expect(faultLines('DestinationRule', spec).map((line) => line.replace(/^error (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('a warning about the policy of a subset is not told', () => {
  const old = 'trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}'
  expect(faultLines('DestinationRule', `{host: a, ${old}}`)).toHaveLength(1)
  expect(faultLines('DestinationRule', `{host: a, subsets: [{name: v1, ${old}}]}`)).toEqual([])
  const rule = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: {},
    spec: { host: 'a', exportTo: ['.', 'default'] }
  } as const
  expect(validateDestinationRule(rule)).toHaveLength(1)
})
