import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import type { Served } from './kind-rules.ts'
import { apiVersionOf, inVersion, readBody } from './read-body.ts'

const served = (kind: string): Served => {
  const spec = SMALL_KINDS.find((each) => each.kind === kind)!
  return { spec, version: spec.versions.at(-1)! }
}

test.each([
  ['Widget', 7, 'the body of the request is not a JSON object'],
  ['Widget', {}, "Object 'Kind' is missing in '{}'"],
  ['Widget', widget('a'), 'the API version in the data ("example.com/v1") does not match the expected API version (example.com/v1beta1)'],
  [
    'Widget',
    { apiVersion: 'example.com/v1beta1', kind: 'Gadget' },
    'the kind in the data ("Gadget") does not match the expected kind (Widget)'
  ],
  [
    'ConfigMap',
    { data: { a: 1 } },
    expect.stringContaining('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal')
  ]
])('a body that is no %s is refused: %j', (kind, body, message) => {
  expect(readBody(body, served(kind), undefined, SMALL_RULES)).toMatchObject({ status: { code: 400, message } })
})

test('a built-in may leave out what it is; empty metadata and what is not stored are dropped', () => {
  const body = { metadata: { name: 'a', labels: {}, finalizers: [], managedFields: [{}], creationTimestamp: null } }
  expect(readBody(body, served('ConfigMap'), undefined, SMALL_RULES)).toMatchObject({
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
    warnings: []
  })
})

test('versions of a kind differ in apiVersion alone', () => {
  expect(apiVersionOf(served('Widget'))).toBe('example.com/v1beta1')
  expect(inVersion(widget('a'), served('Widget'))).toEqual({ ...widget('a'), apiVersion: 'example.com/v1beta1' })
})
