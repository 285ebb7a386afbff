import { expect, test } from 'vitest'
import { notesOf, sourceOf } from '../../test/argo.ts'
import { argumentsOf, withVariables } from './argo-arguments.ts'

const QUERY = 'a{b="{{args.service-name}}", c="{{ args.d }}"}'

function read(args: readonly object[], query = QUERY) {
  const notes = notesOf()
  const rollout = sourceOf('Rollout', {}, { labels: { tier: 'x' } })
  const template = sourceOf('AnalysisTemplate', { args: [{ name: 'd', value: 'by default' }] })
  const values = argumentsOf({ rollout, template, use: { path: 'spec.a', value: { args } }, notes: notes.notes }, query)
  return { values, lines: notes.lines() }
}

test('placeholders become variables that templates can name', () => {
  expect(withVariables(QUERY)).toBe('a{b="{{ variables.service_name }}", c="{{ variables.d }}"}')
})

test('values come from the use, from fields of the Rollout, or from the template', () => {
  expect(read([{ name: 'service-name', value: 'api' }])).toEqual({ values: { service_name: 'api', d: 'by default' }, lines: [] })
  const field = { valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } }
  expect(read([{ name: 'service-name', ...field }]).values).toMatchObject({ service_name: 'x' })
})

test('hashes, secrets, missing values and other placeholders are errors', () => {
  const errors = (args: readonly object[], query?: string) => read(args, query).lines.map((line) => line.replace(/:.*/, ''))
  expect(errors([{ name: 'service-name', valueFrom: { podTemplateHashValue: 'Latest' } }])).toEqual(['error spec.a.args[0]'])
  expect(errors([{ name: 'service-name', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }])).toEqual(['error spec.a.args[0]'])
  expect(errors([])).toEqual(['error spec.args'])
  expect(errors([], '{{ other }}')).toEqual(['error spec.metrics'])
})
