import { expect, test } from 'vitest'
import { ignoredFields } from './ignored-fields.ts'

test('set fields without effect are named once, empty ones not at all', () => {
  const container = { name: 'a', image: 'a', resources: { limits: { cpu: '1' } } }
  expect(
    ignoredFields({
      containers: [container, { ...container, name: 'b', securityContext: {} }],
      initContainers: [{ name: 'c', tty: true }],
      tolerations: [{ key: 'a', operator: 'Exists' }],
      securityContext: {},
      affinity: { nodeAffinity: {} },
      volumes: [
        { name: 'v', hostPath: { path: '/' } },
        { name: 'w', emptyDir: {} }
      ]
    })
  ).toEqual(['affinity', 'resources', 'tty', 'volumes.hostPath'])
})
