import { expect, test } from 'vitest'
import { canaryOf, configMapOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { GATE_CONFIG, gateConfigName, gateOptionsOf, optionName } from './gate-options.ts'

const KNOWN = ['serin.dev/alpha', 'serin.dev/beta']

function annotated(annotations: Readonly<Record<string, string>>): KubeObject {
  const canary = canaryOf()
  return { ...canary, metadata: { ...canary.metadata, annotations } }
}

test('an annotation wins over the key of the same name', () => {
  const object = configMapOf('rules', { alpha: '1', beta: '2' })
  const { said, problems } = gateOptionsOf(annotated({ [GATE_CONFIG]: 'rules', 'serin.dev/alpha': '3' }), { kind: 'found', object }, KNOWN)
  expect([...said].map(([annotation, { text }]) => `${optionName(annotation)}=${text}`)).toEqual(['alpha=3', 'beta=2'])
  expect(problems).toEqual([])
})

test('a ConfigMap that nobody looked for is not missed, and one without data says nothing', () => {
  const canary = annotated({ [GATE_CONFIG]: 'rules' })
  expect(gateOptionsOf(canary, undefined, KNOWN)).toEqual({ said: new Map(), problems: [] })
  expect(gateOptionsOf(canary, { kind: 'found', object: configMapOf('rules', undefined) }, KNOWN).said.size).toBe(0)
})

test('other annotations of the Canary are none of its options, other keys are told', () => {
  const object = configMapOf('rules', { pause: 'true' })
  const { said, problems } = gateOptionsOf(
    annotated({ [GATE_CONFIG]: 'rules', 'serin.dev/pause': 'true' }),
    { kind: 'found', object },
    KNOWN
  )
  expect(said.size).toBe(0)
  expect(problems.map(({ text }) => text)).toEqual(['ConfigMap rules: data.pause is not read: it must be one of alpha, beta'])
})

test.each([
  [' rules ', 'rules'],
  ['Rules', undefined],
  ['a/b', undefined],
  ['', undefined]
])('%j names the ConfigMap %j', (text, name) => {
  expect(gateConfigName(annotated({ [GATE_CONFIG]: text }))).toBe(name)
})
