import { expect, test } from 'vitest'
import { seeded } from '../std/draw.ts'
import { newPod } from './new-pod.ts'

const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', namespace: 'test', uid: 'u' } }
const template = { metadata: { labels: { app: 'agent' }, annotations: { a: 'b' } }, spec: { containers: [{ name: 'agent' }] } }

test('a pod has its template, its labels on top, and its owner', () => {
  const pod = newPod({ owner, template, labels: { hash: 'x' }, taken: new Set() }, seeded(1))
  expect(pod.metadata.name).toMatch(/^agent-[a-z2-9]{5}$/)
  expect(pod).toMatchObject({
    metadata: {
      generateName: 'agent-',
      namespace: 'test',
      labels: { app: 'agent', hash: 'x' },
      annotations: { a: 'b' },
      ownerReferences: [{ kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true }]
    },
    spec: template.spec
  })
})

test('a name in use is not given again', () => {
  const { name } = newPod({ owner, template, taken: new Set() }, seeded(1)).metadata
  expect(newPod({ owner, template, taken: new Set([name]) }, seeded(1)).metadata.name).not.toBe(name)
})
