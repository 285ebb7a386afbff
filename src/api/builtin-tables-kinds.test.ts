import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { KIND_TABLES } from './builtin-tables-kinds.ts'

test.each([
  ['ServiceSpec', 'ports', 1, 'port', 'merge'],
  ['ServiceAccount', 'secrets', 2, 'name', 'merge'],
  ['ObjectMeta', 'ownerReferences', 13, 'uid', 'merge'],
  ['ObjectMeta', 'finalizers', 14, undefined, 'merge'],
  ['DeploymentSpec', 'strategy', 4, undefined, 'retainKeys'],
  ['DeploymentStatus', 'conditions', 6, 'type', 'merge'],
  ['EndpointSlice', 'endpoints', 2, undefined, undefined]
])('%s.%s is field %i, merged by %s, strategy %s', (...row) => {
  const [message, name, number, key, strategy] = row
  expect(KIND_TABLES[message]).toBeDefined()
  const field = fieldsOf(MESSAGES, message).find((each) => each.name === name)
  expect([field?.number, field?.patchMergeKey, field?.patchStrategy]).toEqual([number, key, strategy])
})
