import { expect, test } from 'vitest'
import { workloadsOf } from './workloads.ts'

test('pods and pod templates give their labels; other kinds and wrong labels none', () => {
  const template = (labels: unknown) => ({ template: { metadata: { labels } } })
  const objects = [
    { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'a', labels: { app: 'x' } } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: {}, spec: template({ app: 'y', n: 1 }) },
    { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: {}, spec: template(undefined) },
    { apiVersion: 'v1', kind: 'Service', metadata: {}, spec: template({ app: 'z' }) }
  ]
  expect(workloadsOf(objects)).toEqual([
    { namespace: 'a', labels: { app: 'x' } },
    { namespace: 'default', labels: { app: 'y' } },
    { namespace: 'default', labels: {} }
  ])
})
