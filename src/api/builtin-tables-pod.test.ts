import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { POD_TABLES } from './builtin-tables-pod.ts'

// Kubernetes 1.36, and its lists' merge keys (kubernetes.md 3.10).
test.each([
  ['PodSpec', 'containers', 2, 'name', ['name']],
  ['PodSpec', 'volumes', 1, 'name', ['name']],
  ['PodSpec', 'hostAliases', 23, 'ip', ['ip']],
  ['PodSpec', 'imagePullSecrets', 15, 'name', ['name']],
  ['PodSpec', 'topologySpreadConstraints', 33, 'topologyKey', ['topologyKey', 'whenUnsatisfiable']],
  ['PodSpec', 'tolerations', 22, undefined, undefined],
  ['Container', 'ports', 6, 'containerPort', ['containerPort', 'protocol']],
  ['Container', 'env', 7, 'name', ['name']],
  ['Container', 'volumeMounts', 9, 'mountPath', ['mountPath']],
  ['Container', 'args', 4, undefined, undefined],
  ['PodStatus', 'conditions', 2, 'type', ['type']]
])('%s.%s is field %i, merged by %s, listed by %j', (...row) => {
  const [message, name, number, patchMergeKey, listMapKeys] = row
  expect(POD_TABLES[message]).toBeDefined()
  const field = fieldsOf(MESSAGES, message).find((each) => each.name === name)
  expect([field?.number, field?.patchMergeKey, field?.listMapKeys]).toEqual([number, patchMergeKey, listMapKeys])
})
