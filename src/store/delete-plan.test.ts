import { expect, test } from 'vitest'
import { SMALL_KINDS, SMALL_RULES, widget } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import type { Planning } from './plan.ts'
import { planDelete, readDeleteOptions } from './delete-plan.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'Widget')!
const planning: Planning = { now: 0, draw: seeded(1), all: [], rules: SMALL_RULES, served: { spec, version: spec.versions[0]! } }
const old = widget('w', { spec: { size: 1, tone: 'soft' }, metadata: { uid: 'u', resourceVersion: '5', generation: 1 } })

const plan = (body: unknown, object = old): unknown => {
  const options = readDeleteOptions(body)
  return 'kind' in options ? options : planDelete(object, options, planning)
}

test.each([
  [undefined, { effect: 'removed', object: old }],
  [{ propagationPolicy: 'Orphan' }, { effect: 'modified', object: { metadata: { finalizers: ['orphan'], generation: 2 } } }],
  [{ orphanDependents: true }, { effect: 'modified', object: { metadata: { finalizers: ['orphan'] } } }],
  [{ propagationPolicy: 'Foreground' }, { effect: 'modified', object: { metadata: { finalizers: ['foregroundDeletion'] } } }],
  [{ preconditions: { resourceVersion: '4' } }, { status: { code: 409 } }],
  [{ propagationPolicy: 'Sideways' }, { status: { code: 422, details: { kind: 'DeleteOptions' } } }],
  [{ propagationPolicy: 'Orphan', orphanDependents: true }, { status: { code: 422 } }],
  [{ preconditions: { uid: 'x' } }, { status: { message: expect.stringContaining('the UID in the precondition (x) does not match') } }],
  ['now', { status: { code: 400 } }]
])('deleting with %j gives %j', (body, want) => expect(plan(body)).toMatchObject(want))

test('deleting again while it waits changes nothing', () => {
  const held = { ...old, metadata: { ...old.metadata, finalizers: ['a/b'], deletionTimestamp: 'then', deletionGracePeriodSeconds: 0 } }
  expect(plan({}, held)).toMatchObject({ effect: 'none' })
})

test.each(['default', 'kube-system', 'kube-public'])('the namespace %s lasts', (name) => {
  const namespaces = SMALL_KINDS.find((each) => each.kind === 'Namespace')!
  const options = readDeleteOptions({})
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  const served = { spec: namespaces, version: namespaces.versions[0]! }
  const planned = 'kind' in options ? options : planDelete(object, options, { ...planning, served })
  const message = `namespaces "${name}" is forbidden: this namespace may not be deleted`
  expect(planned).toMatchObject({ status: { code: 403, reason: 'Forbidden', message, details: { name, kind: 'namespaces' } } })
})
