import { expect, test } from 'vitest'
import { inputOf, notesOf, sourceOf } from '../../test/argo.ts'
import { checksOf } from './argo-metrics.ts'

const metric = (name: string, more: object = {}) => ({
  name,
  successCondition: 'result <= 1',
  provider: { prometheus: { address: 'http://p', query: 'q{{args.x}}' } },
  ...more
})
const template = (spec: object, name = 't') => sourceOf('AnalysisTemplate', { args: [{ name: 'x', value: '1' }], ...spec }, { name })

function convert(sources: readonly ReturnType<typeof template>[], ...uses: readonly object[]) {
  const notes = notesOf()
  const all = uses.map((value, index) => ({ path: `spec.use[${index}]`, value: value as Readonly<Record<string, unknown>> }))
  const checks = checksOf(sourceOf('Rollout', {}), all, inputOf(...sources), notes.notes)
  return { checks, lines: notes.lines().filter((line) => !line.includes('its query is kept')) }
}

const USE = { templates: [{ templateName: 't' }] }

test('a metric that is used twice is one check, with other arguments another', () => {
  const one = convert([template({ metrics: [metric('m')] })], USE, USE).checks
  expect([one.metrics.length, one.templates.length]).toEqual([1, 1])
  const two = convert([template({ metrics: [metric('m')] })], USE, { ...USE, args: [{ name: 'x', value: '2' }] }).checks
  expect(two.metrics.map(({ name, templateVariables }) => [name, templateVariables])).toEqual([
    ['t-m', { x: '1' }],
    ['t-m-1', { x: '2' }]
  ])
})

test('templates of templates count, also in circles', () => {
  const circle = [
    template({ templates: [{ templateName: 'u' }], metrics: [] }),
    template({ templates: [{ templateName: 't' }], metrics: [metric('m')] }, 'u')
  ]
  expect(convert(circle, USE).checks.metrics.map(({ name }) => name)).toEqual(['u-m'])
})

test('the least failureLimit is the threshold, the shortest interval and the highest count are kept', () => {
  const metrics = [metric('a', { failureLimit: 3, interval: '1m', count: 5 }), metric('b', { failureLimit: 1, interval: 30 })]
  const { checks, lines } = convert([template({ metrics })], USE)
  expect(checks).toMatchObject({ threshold: 2, interval: 30, count: 5 })
  expect(lines.some((line) => line.includes('different failureLimits'))).toBe(true)
})

test('what would be lost is an error, what never decided a warning', () => {
  const { checks, lines } = convert(
    [template({ metrics: [metric('m', { successCondition: undefined }), metric('dry')], dryRun: [{ metricName: 'dry' }] })],
    {
      templates: [{ templateName: 't' }, { templateName: 'none' }]
    }
  )
  expect(checks.metrics).toEqual([])
  expect(lines.map((line) => line.replace(/:.*/, ''))).toEqual([
    'error spec.use[0].templates[1]',
    'error spec.metrics[0]',
    'warning spec.metrics[1]'
  ])
})
