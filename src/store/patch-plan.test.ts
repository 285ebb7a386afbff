import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import type { KubeObject } from '../api/object.ts'
import type { Planning } from './plan.ts'
import type { PatchType } from './store-request.ts'
import { planPatch } from './patch-plan.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'Widget')!
const planning: Planning = { now: 0, draw: seeded(1), all: [], rules: SMALL_RULES, served: { spec, version: spec.versions[0]! } }
const old = widget('w', { spec: { size: 1, tone: 'soft' }, metadata: { uid: 'u', resourceVersion: '5', generation: 1 } })

test.each([
  ['merge', { spec: { size: 2 } }, { effect: 'modified', object: { spec: { size: 2, tone: 'soft' } } }],
  ['merge', { spec: { size: 1 } }, { effect: 'none' }],
  [
    'merge',
    [],
    { status: { message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}' } }
  ],
  ['merge', { metadata: { uid: 'x' } }, { status: { code: 422, details: { causes: [{ field: 'metadata.uid' }] } } }],
  ['merge', { metadata: { name: null } }, { status: { message: expect.stringContaining('(w based on URL) was undeterminable') } }],
  ['json', [{ op: 'replace', path: '/spec/size', value: 3 }], { effect: 'modified', object: { spec: { size: 3 } } }],
  ['json', {}, { status: { code: 400, message: expect.stringContaining('error decoding patch') } }],
  ['json', [{ op: 'frob', path: '/a' }], { status: { code: 422, details: {} } }],
  ['strategic', {}, { status: { code: 415 } }]
] as const)('a %s patch %j gives %j', (patchType, body, want) => {
  const request = {
    verb: 'patch',
    target: { resource: { group: '', version: '', resource: '' } },
    name: 'w',
    patchType,
    body,
    options: {}
  } as const
  expect(planPatch(request, old, planning)).toMatchObject(want)
})

const definition = SMALL_KINDS.find((each) => each.kind === 'Deployment')!
const deployments: Planning = { ...planning, served: { spec: definition, version: definition.versions[0]! } }
const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'w', namespace: 'demo', uid: 'u', resourceVersion: '5' },
  spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } } } }
}

const refused = (
  patchType: PatchType,
  body: unknown,
  more: { readonly subresource?: 'scale'; readonly strict?: boolean } = {}
): unknown => {
  const { subresource, strict } = more
  const target = { resource: { group: '', version: '', resource: '' } }
  const options = strict === true ? { fieldValidation: 'Strict' as const } : {}
  const planned = planPatch(
    { verb: 'patch', target, name: 'w', patchType, body, options, ...(subresource && { subresource }) },
    deployment,
    deployments
  )
  return planned.kind === 'failure' ? planned.status : undefined
}

test.each([
  [-1, /^Scale\.autoscaling "w" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0$/],
  ['x', /^ "" is invalid: patch: Invalid value: ".*": json: cannot unmarshal string into .*int32$/],
  [99_999_999_999, /cannot unmarshal number 99999999999 into/]
])('a Scale of %j replicas is refused as a Scale', (replicas, words) => {
  const status = refused('merge', { spec: { replicas } }, { subresource: 'scale' })
  expect(status).toMatchObject({ code: 422, reason: 'Invalid', message: expect.stringMatching(words) })
})

test('a strategic merge patch that makes no object of the kind is repeated as Go prints it, so that kubectl edit opens again', () => {
  expect(refused('strategic', { spec: { replicas: 'one' } })).toEqual({
    code: 422,
    reason: 'Invalid',
    message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: "map\[spec:map\[replicas:one\]\]": json: cannot unmarshal/),
    details: { causes: [{ reason: 'FieldValueInvalid', message: expect.any(String), field: 'patch' }] }
  })
})

test('a merge patch that makes no object of the kind is answered with what it made', () => {
  const message = expect.stringMatching(/Invalid value: "\{.*\\"replicas\\":\\"one\\".*\}": json: cannot unmarshal/)
  expect(refused('merge', { spec: { replicas: 'one' } })).toMatchObject({ code: 422, message })
})

test('a field that the kind does not have is a fault of the patch when asked to be strict', () => {
  const message = ' "" is invalid: patch: Invalid value: "map[spec:map[replcas:1]]": strict decoding error: unknown field "spec.replcas"'
  expect(refused('strategic', { spec: { replcas: 1 } }, { strict: true })).toMatchObject({ code: 422, message })
})

test('a strategic merge patch with fields that $retainKeys does not name is rejected without a reason, as a real server does', () => {
  const message = 'the server rejected our request due to an error in our request'
  expect(refused('strategic', { $retainKeys: ['spec'], metadata: {} })).toMatchObject({ code: 422, reason: 'Invalid', message })
})
