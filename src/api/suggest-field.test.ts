import { expect, test } from 'vitest'
import { destinationRuleKind, virtualServiceKind } from './istio-kinds.ts'
import { suggestField } from './suggest-field.ts'

test.each([
  ['spec.http[0].retrys', 'retries'],
  ['spec.http[0].timeOut', 'timeout'],
  ['spec.http[0].match[0].url', 'uri'],
  ['spec.hots', 'hosts'],
  ['spec.http[0].perTryTimeout', 'spec.http[].retries.perTryTimeout'],
  ['spec.http[0].route[0].destination.weight', 'spec.http[].route[].weight or spec.tcp[].route[].weight or spec.tls[].route[].weight'],
  ['spec.http[0].elephant', undefined],
  ['spec.http[0].x', undefined],
  ['nowhere.at.all', undefined]
])('a VirtualService with %s: %s', (path, meant) => {
  expect(suggestField(virtualServiceKind.versions[0]!.schema, path)).toBe(meant)
})

test('a name that is in too many places says nothing', () => {
  expect(suggestField(destinationRuleKind.versions[0]!.schema, 'spec.connectTimeout')).toBeUndefined()
})
