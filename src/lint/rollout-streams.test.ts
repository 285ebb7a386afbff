import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { problemLine } from './problem-text.ts'
import { lintRollouts } from './rollouts.ts'

const plain = canaryOf()
const CANARY: KubeObject = { ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/streams': 'checkout=all:bad' } } }
const WHERE = 'warning: Canary test/api: metadata.annotations[serin.dev/streams]: MetricTemplate test'

function template(name: string, query: string, type = 'prometheus'): KubeObject {
  const spec = { provider: { type, address: 'http://prometheus:9090' }, query }
  return { apiVersion: 'flagger.app/v1beta1', kind: 'MetricTemplate', metadata: { name, namespace: 'test' }, spec }
}

const lines = (...templates: readonly KubeObject[]): readonly string[] =>
  lintRollouts([CANARY, ...templates])
    .map(problemLine)
    .filter((line) => line.includes('streams'))

test('templates that are there and select raw counters are fine', () => {
  expect(lines(template('all', 'orders_total{app="{{ target }}"}'), template('bad', 'orders_failed_total{app="{{ target }}"}'))).toEqual([])
})

test('selectors in the option itself are held to the same, and miss no template', () => {
  const of = (text: string): readonly string[] => {
    const annotated = { ...plain, metadata: { ...plain.metadata, annotations: { 'serin.dev/streams': text } } }
    return lintRollouts([annotated])
      .map(problemLine)
      .filter((line) => line.includes('streams'))
  }
  expect(of('checkout=orders_total{app="{{ target }}"}:orders_failed_total{app="{{ target }}"}')).toEqual([])
  expect(of('checkout=orders_total{app="{{ targett }}"}:lost{}{}')).toEqual([
    expect.stringContaining(
      'orders_total{app="{{ targett }}"}: its query: line 1: function "targett" not defined; the stream checkout is not judged'
    ),
    expect.stringContaining('lost{}{}: its query must be a selector of raw counters')
  ])
})

test('templates that are not there are missed', () => {
  expect(lines(template('all', 'orders_total'))).toEqual([
    `${WHERE}/bad does not exist: the stream checkout is not judged until it does [reference-not-found]`
  ])
})

test.each([
  [template('bad', 'rate(orders_failed_total[1m])'), 'its query must be a selector of raw counters'],
  [template('bad', '{{ targett }}'), 'its query: line 1: function "targett" not defined'],
  [template('bad', 'orders_failed_total', 'datadog'), 'its provider is datadog, and counters of a stream come from prometheus']
])('a template that cannot be a stream is named: %#', (bad, text) => {
  expect(lines(template('all', 'orders_total'), bad)).toEqual([expect.stringContaining(`${WHERE}/bad: ${text}`)])
})
