import { expect, test } from 'vitest'
import { fitsNode } from './node-fit.ts'

const node = { name: 'serin', labels: { 'kubernetes.io/os': 'linux', cores: '2' } }
const affinity = (...nodeSelectorTerms: readonly object[]): object => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
})
const rule = (key: string, operator: string, ...values: readonly string[]): object => ({ matchExpressions: [{ key, operator, values }] })

test.each([
  ['no wish', {}, true],
  ['the node by name', { nodeName: 'serin' }, true],
  ['another node by name', { nodeName: 'other' }, false],
  ['a label it has', { nodeSelector: { 'kubernetes.io/os': 'linux' } }, true],
  ['a label of another value', { nodeSelector: { 'kubernetes.io/os': 'windows' } }, false],
  ['a label that no node has', { nodeSelector: { 'flagger.app/scale-to-zero': 'true' } }, false],
  ['In', affinity(rule('kubernetes.io/os', 'In', 'linux', 'darwin')), true],
  ['In, of others', affinity(rule('kubernetes.io/os', 'In', 'windows')), false],
  ['NotIn', affinity(rule('kubernetes.io/os', 'NotIn', 'windows')), true],
  ['NotIn, without the label', affinity(rule('gpu', 'NotIn', 'none')), true],
  ['Exists', affinity(rule('gpu', 'Exists')), false],
  ['DoesNotExist', affinity(rule('gpu', 'DoesNotExist')), true],
  ['Gt', affinity(rule('cores', 'Gt', '1')), true],
  ['Lt', affinity(rule('cores', 'Lt', '2')), false],
  ['one of two terms', affinity(rule('gpu', 'Exists'), rule('cores', 'Exists')), true],
  ['a term without rules', affinity({}), false],
  ['no term', affinity(), false],
  ['the name as a field', affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['serin'] }] }), true],
  ['an operator nobody knows', affinity(rule('cores', 'Like', '2')), false]
])('pods that ask for %s', (_, spec, fits) => {
  expect(fitsNode(spec, node)).toBe(fits)
})
