import { expect, test } from 'vitest'
import { inputOf, notesOf, sourceOf } from '../../test/argo.ts'
import { workloadOf } from './argo-workload.ts'

const TEMPLATE = { metadata: { labels: { app: 'api' } }, spec: { containers: [] } }
const SELECTOR = { matchLabels: { app: 'api' } }

test('a template of its own becomes a Deployment, without what Argo and kubectl noted', () => {
  const rollout = sourceOf(
    'Rollout',
    { replicas: 2, selector: SELECTOR, template: TEMPLATE },
    { annotations: { 'rollout.argoproj.io/revision': '3', own: 'x' } }
  )
  const notes = notesOf()
  expect(workloadOf(rollout, inputOf(), notes.notes).made).toMatchObject({
    kind: 'Deployment',
    metadata: { name: 'api', annotations: { own: 'x' } },
    spec: { replicas: 2, selector: SELECTOR, template: TEMPLATE }
  })
  expect(notes.lines()).toEqual([])
})

test('a Deployment that is referred to is left where it is', () => {
  const rollout = sourceOf('Rollout', { workloadRef: { kind: 'Deployment', name: 'server' } })
  const notes = notesOf()
  const deployment = sourceOf('Deployment', { selector: SELECTOR, template: TEMPLATE }, { name: 'server' })
  expect(workloadOf(rollout, inputOf(deployment), notes.notes)).toEqual({ name: 'server', template: TEMPLATE, made: undefined })
  expect(notes.lines()).toEqual([])
})

test('other workloads, no template and other selectors are errors', () => {
  const notes = notesOf()
  workloadOf(sourceOf('Rollout', { workloadRef: { kind: 'ReplicaSet', name: 'x' } }), inputOf(), notes.notes)
  workloadOf(sourceOf('Rollout', { selector: { matchLabels: { tier: 'x' } } }), inputOf(), notes.notes)
  expect(notes.lines()).toEqual([
    expect.stringMatching(/^error spec\.workloadRef\.kind/),
    expect.stringMatching(/^warning spec\.workloadRef: ReplicaSet x is not among/),
    expect.stringMatching(/^error spec\.selector\.matchLabels/),
    expect.stringMatching(/^error spec\.template/)
  ])
})
