import { expect, test } from 'vitest'
import { podChangeFaults, specOf } from './builtin-validate-pod-update.ts'

const before = {
  restartPolicy: 'Always',
  containers: [{ name: 'c', image: 'web:1' }],
  tolerations: [{ key: 'a', operator: 'Exists' }]
}

// As kube-apiserver 1.36 judged the same changes.
test.each<[string, object, string[]]>([
  ['an image', { containers: [{ name: 'c', image: 'web:2' }] }, []],
  ['a deadline', { activeDeadlineSeconds: 5 }, []],
  ['one more toleration', { tolerations: [...before.tolerations, { key: 'b', operator: 'Exists' }] }, []],
  ['the node that it is given to', { nodeName: 'serin' }, []],
  ['ephemeral containers', { ephemeralContainers: [{ name: 'istio-proxy', image: 'x' }] }, []],
  ['a toleration less', { tolerations: [] }, ['spec']],
  ['the restart policy', { restartPolicy: 'Never' }, ['spec']],
  ['a variable', { containers: [{ name: 'c', image: 'web:1', env: [{ name: 'A' }] }] }, ['spec']],
  ['another container', { containers: [...before.containers, { name: 'd', image: 'x' }] }, ['spec.containers']]
])('%s', (_, change, fields) => {
  expect(podChangeFaults({ ...before, ...change }, before).map((cause) => cause.field)).toEqual(fields)
})

test('a pod that has its node keeps it, and its ephemeral containers', () => {
  const joined = { ...before, ephemeralContainers: [{ name: 'a' }] }
  expect(podChangeFaults(before, joined)).toMatchObject([{ reason: 'FieldValueForbidden' }])
  expect(podChangeFaults({ ...before, nodeName: 'b' }, { ...before, nodeName: 'a' })).toMatchObject([{ reason: 'FieldValueForbidden' }])
  expect(specOf(undefined)).toEqual({})
})
