import { describe, expect, test } from 'vitest'
import { CRDS, DEFINITION, THINGS } from '../../test/things.ts'
import type { KubeObject, ResourceRef } from '../api/object.ts'
import { seeded } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import {
  CONFIG_MAPS,
  configMap,
  DEMO,
  DEPLOYMENTS,
  NAMESPACES,
  PODS,
  SMALL_KINDS,
  SMALL_RULES,
  widget,
  WIDGETS,
  WIDGETS_BETA
} from '../../test/conformance/small-world.ts'
import { settle } from './collect.ts'
import { definitionErrands } from './definitions.ts'
import { Store } from './store.ts'
import type { PatchType, StoreAnswer, StoreRequest, WriteOptions } from './store-request.ts'

const moment = { now: 1_700_000_000_000, draw: seeded(1) }
const IN_DEMO = (resource: ResourceRef): { readonly resource: ResourceRef; readonly namespace: string } => ({ resource, namespace: 'demo' })

function world(): { store: Store; ask: (request: StoreRequest) => StoreAnswer; changes: () => number } {
  const store = new Store({ kinds: SMALL_KINDS, rules: SMALL_RULES })
  const ask = (request: StoreRequest): StoreAnswer => store.apply(request, moment).answer
  ask({ verb: 'create', target: { resource: NAMESPACES }, body: DEMO, options: {} })
  return { store, ask, changes: () => store.resourceVersion }
}

const create = (body: unknown, resource = CONFIG_MAPS, options: WriteOptions = {}): StoreRequest => ({
  verb: 'create',
  target: IN_DEMO(resource),
  body,
  options
})
const update = (object: KubeObject, resource: ResourceRef, subresource?: 'status' | 'scale'): StoreRequest => ({
  verb: 'update',
  target: IN_DEMO(resource),
  name: object.metadata.name ?? '',
  body: object,
  options: {},
  ...(subresource && { subresource })
})
const patch = (
  name: string,
  body: unknown,
  more: { resource?: ResourceRef; patchType?: PatchType; subresource?: 'status' | 'scale'; options?: WriteOptions } = {}
): StoreRequest => ({
  verb: 'patch',
  target: IN_DEMO(more.resource ?? CONFIG_MAPS),
  name,
  patchType: more.patchType ?? 'merge',
  body,
  options: more.options ?? {},
  ...(more.subresource && { subresource: more.subresource })
})
const remove = (name: string, resource = CONFIG_MAPS, body: unknown = {}, options: WriteOptions = {}): StoreRequest => ({
  verb: 'delete',
  target: IN_DEMO(resource),
  name,
  body,
  options
})
const get = (name: string, resource = CONFIG_MAPS, subresource?: 'status' | 'scale'): StoreRequest => ({
  verb: 'get',
  target: IN_DEMO(resource),
  name,
  ...(subresource && { subresource })
})

const POD = { containers: [{ name: 'app', image: 'app:1' }] }

function objectOf(answer: StoreAnswer): KubeObject {
  if (answer.kind === 'object') return answer.object
  return expect.fail(JSON.stringify(answer))
}
function failureOf(answer: StoreAnswer): string {
  return answer.kind === 'failure'
    ? `${answer.status.code} ${answer.status.reason}: ${answer.status.message}`
    : `no failure: ${answer.kind}`
}

test('a created object gets uid, times, version, generation and defaults, and loses what is the server’s', () => {
  const { ask } = world()
  const given = widget('a', {
    status: { phase: 'X' },
    metadata: { uid: 'mine', generation: 7, creationTimestamp: null, managedFields: [] }
  })
  const object = objectOf(ask(create(given, WIDGETS)))
  expect(object.metadata).toEqual({
    name: 'a',
    namespace: 'demo',
    uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    resourceVersion: '1002',
    generation: 1,
    creationTimestamp: '2023-11-14T22:13:20Z'
  })
  expect(object['spec']).toEqual({ size: 1, tone: 'soft' })
  expect(object['status']).toBeUndefined()
})

describe('refusals carry the words of a real API server', () => {
  const { ask } = world()
  ask(create(configMap('conf')))
  ask(create(widget('web'), WIDGETS))
  ask(create({ kind: 'Deployment', metadata: { name: 'd' } }, DEPLOYMENTS))
  test.each<[string, StoreRequest, string]>([
    ['create twice', create(configMap('conf')), '409 AlreadyExists: configmaps "conf" already exists'],
    ['get nothing', get('x', WIDGETS), '404 NotFound: widgets.example.com "x" not found'],
    [
      'create in no namespace',
      { verb: 'create', target: { resource: CONFIG_MAPS, namespace: 'nope' }, body: { metadata: { name: 'a' } }, options: {} },
      '404 NotFound: namespaces "nope" not found'
    ],
    [
      'create with a version',
      create(configMap('a', { metadata: { resourceVersion: '1' } })),
      '500 : resourceVersion should not be set on objects to be created'
    ],
    [
      'another namespace',
      create(configMap('a', { metadata: { namespace: 'other' } })),
      '400 BadRequest: the namespace of the provided object does not match the namespace sent on the request'
    ],
    [
      'no name',
      create({ metadata: {} }),
      '422 Invalid: ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'
    ],
    [
      'PUT of a custom resource without a version',
      update(widget('web'), WIDGETS),
      '422 Invalid: widgets.example.com "web" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update'
    ],
    [
      'stale PUT',
      update(configMap('conf', { metadata: { resourceVersion: '1' } }), CONFIG_MAPS),
      '409 Conflict: Operation cannot be fulfilled on configmaps "conf": the object has been modified; please apply your changes to the latest version and try again'
    ],
    ['stale patch', patch('conf', { metadata: { resourceVersion: '1' } }), expect.stringContaining('409 Conflict')],
    [
      'a wrong uid in a patch',
      patch('conf', { metadata: { uid: 'u' } }),
      '422 Invalid: ConfigMap "conf" is invalid: metadata.uid: Invalid value: "u": field is immutable'
    ],
    [
      'renaming',
      patch('conf', { metadata: { name: 'other' } }),
      '400 BadRequest: the name of the object (other) does not match the name on the URL (conf)'
    ],
    [
      'strategic merge of a custom resource',
      patch('web', {}, { resource: WIDGETS, patchType: 'strategic' }),
      expect.stringMatching(/^415 /)
    ],
    [
      'a JSON patch whose test fails',
      patch('conf', [{ op: 'test', path: '/data', value: 1 }], { patchType: 'json' }),
      '422 Invalid: the server rejected our request due to an error in our request'
    ],
    [
      'scale of a custom resource without it',
      patch('web', {}, { resource: WIDGETS, subresource: 'scale' }),
      expect.stringContaining('404 NotFound')
    ],
    ['status of a kind without it', get('conf', CONFIG_MAPS, 'status'), '404 NotFound: the server could not find the requested resource'],
    ['delete with a wrong uid', remove('conf', CONFIG_MAPS, { preconditions: { uid: 'u' } }), expect.stringContaining('409 Conflict')],
    [
      'an unsupported field',
      { verb: 'list', target: IN_DEMO(PODS), fieldSelector: 'spec.foo=x' },
      '400 BadRequest: field label not supported: spec.foo'
    ],
    [
      'an unknown field, strictly',
      create(widget('b', { spec: { sice: 1 } }), WIDGETS, { fieldValidation: 'Strict' }),
      '400 BadRequest: Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.sice"'
    ],
    [
      'a list of a state that is not kept',
      { verb: 'list', target: IN_DEMO(PODS), resourceVersion: '2', resourceVersionMatch: 'Exact' },
      '410 Expired: The resourceVersion for the provided list is too old.'
    ],
    [
      'a list from the future',
      { verb: 'list', target: IN_DEMO(PODS), resourceVersion: '99999' },
      expect.stringMatching(/^504 Timeout: .*99999, current: /)
    ],
    [
      'a made-up continue token',
      { verb: 'list', target: IN_DEMO(PODS), continue: 'nonsense' },
      expect.stringMatching(/^400 BadRequest: invalid continue token/)
    ]
  ])('%s', (_, request, words) => {
    expect(failureOf(ask(request))).toEqual(words)
  })
})

test('a write that changes nothing keeps its version and makes no change', () => {
  const { store, ask } = world()
  const before = objectOf(ask(create(configMap('c', { data: { a: '1' } }))))
  const version = store.resourceVersion
  expect(objectOf(ask(update(before, CONFIG_MAPS)))).toEqual(before)
  expect(objectOf(ask(patch('c', { data: { a: '1' } })))).toEqual(before)
  expect(store.resourceVersion).toBe(version)
})

test('the generation counts changes of the content, not of metadata or status', () => {
  const { ask } = world()
  ask(create(widget('w'), WIDGETS))
  const generation = (answer: StoreAnswer): unknown => objectOf(answer).metadata.generation
  expect(generation(ask(patch('w', { metadata: { labels: { a: 'b' } } }, { resource: WIDGETS })))).toBe(1)
  expect(generation(ask(patch('w', { spec: { size: 2 } }, { resource: WIDGETS })))).toBe(2)
  const status = ask(
    patch('w', { status: { n: 1 }, spec: { size: 9 }, metadata: { labels: { c: 'd' } } }, { resource: WIDGETS, subresource: 'status' })
  )
  expect(objectOf(status)).toMatchObject({ metadata: { generation: 2, labels: { a: 'b' } }, spec: { size: 2 }, status: { n: 1 } })
  expect(objectOf(ask(patch('w', { status: { n: 5 } }, { resource: WIDGETS })))['status']).toEqual({ n: 1 })
})

test('one object is served in every version', () => {
  const { ask } = world()
  ask(create(widget('w'), WIDGETS))
  expect(objectOf(ask(get('w', WIDGETS_BETA))).apiVersion).toBe('example.com/v1beta1')
  expect(objectOf(ask(patch('w', { spec: { size: 3 } }, { resource: WIDGETS_BETA }))).apiVersion).toBe('example.com/v1beta1')
  expect(objectOf(ask(get('w', WIDGETS)))).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 3 } })
})

test('a dry run answers as if, and changes nothing', () => {
  const { store, ask } = world()
  const version = store.resourceVersion
  expect(objectOf(ask(create(configMap('c'), CONFIG_MAPS, { dryRun: true }))).metadata.resourceVersion).toBeUndefined()
  expect(ask(get('c')).kind).toBe('failure')
  ask(create(configMap('d')))
  expect(ask(remove('d', CONFIG_MAPS, {}, { dryRun: true })).kind).toBe('deleted')
  expect(ask(get('d')).kind).toBe('object')
  expect(store.resourceVersion).toBe(version + 1)
})

test('unknown fields are pruned, with warnings unless ignored', () => {
  const { ask } = world()
  const warned = ask(create(widget('w', { spec: { size: 1, sice: 2 } }), WIDGETS))
  expect(warned).toMatchObject({ warnings: ['unknown field "spec.sice"'], object: { spec: { size: 1 } } })
  expect(ask(create(widget('v', { spec: { sice: 2 } }), WIDGETS, { fieldValidation: 'Ignore' }))).toMatchObject({ warnings: [] })
})

test('lists are sorted and come in pages that keep the version of the first', () => {
  const { ask } = world()
  for (const name of ['e', 'b', 'd', 'a', 'c']) ask(create(configMap(name)))
  const names: string[] = []
  let next: string | undefined
  const versions = new Set<string>()
  const left: unknown[] = []
  for (let page = 0; page < 3; page++) {
    const answer = ask({ verb: 'list', target: IN_DEMO(CONFIG_MAPS), limit: 2, ...(next !== undefined && { continue: next }) })
    if (answer.kind !== 'list') throw new Error(failureOf(answer))
    names.push(...answer.items.map((item) => item.metadata.name ?? ''))
    versions.add(answer.resourceVersion)
    next = answer.continue
    left.push(answer.remainingItemCount)
    if (page === 0) ask(patch('e', { data: { late: 'yes' } }))
  }
  expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(versions.size).toBe(1)
  expect(left).toEqual([3, 1, undefined])
  expect(next).toBeUndefined()
})

test('scale reads and writes replicas through its own object', () => {
  const { ask } = world()
  const template = { metadata: { labels: { app: 'd' } }, spec: POD }
  const spec = { replicas: 2, selector: { matchLabels: { app: 'd' } }, template }
  ask(create({ metadata: { name: 'd' }, spec }, DEPLOYMENTS))
  const scaled = objectOf(ask(patch('d', { spec: { replicas: 7 } }, { resource: DEPLOYMENTS, subresource: 'scale' })))
  expect(scaled).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 7 },
    status: { replicas: 0, selector: 'app=d' }
  })
  expect(objectOf(ask(get('d', DEPLOYMENTS)))).toMatchObject({ spec: { replicas: 7 }, metadata: { generation: 2 } })
})

test('the status of a Deployment is written without its labels, that of a Pod with them', () => {
  const { ask } = world()
  const template = { metadata: { labels: { app: 'd' } }, spec: POD }
  ask(create({ metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'd' } }, template } }, DEPLOYMENTS))
  ask(create({ metadata: { name: 'p' }, spec: POD }, PODS))
  const body = { metadata: { labels: { x: 'y' } }, status: { replicas: 1 } }
  expect(objectOf(ask(patch('d', body, { resource: DEPLOYMENTS, subresource: 'status' }))).metadata.labels).toBeUndefined()
  expect(objectOf(ask(patch('p', { ...body, status: {} }, { resource: PODS, subresource: 'status' }))).metadata.labels).toEqual({ x: 'y' })
})

test('finalizers hold an object that is being deleted until the last one goes', () => {
  const { ask } = world()
  ask(create(widget('w', { metadata: { finalizers: ['example.com/hold'] } }), WIDGETS))
  expect(objectOf(ask(remove('w', WIDGETS))).metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 })
  expect(failureOf(ask(patch('w', { metadata: { finalizers: ['example.com/hold', 'x/y'] } }, { resource: WIDGETS })))).toContain(
    'no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/y"}'
  )
  ask(patch('w', { metadata: { finalizers: null } }, { resource: WIDGETS }))
  expect(ask(get('w', WIDGETS)).kind).toBe('failure')
})

test('a placed pod has its grace period, an unplaced one goes at once, and a shorter grace ends the wait', () => {
  const { ask } = world()
  ask(create({ metadata: { name: 'p' }, spec: { ...POD, nodeName: 'n', terminationGracePeriodSeconds: 5 } }, PODS))
  ask(create({ metadata: { name: 'q' }, spec: POD }, PODS))
  expect(objectOf(ask(remove('p', PODS))).metadata).toMatchObject({
    deletionGracePeriodSeconds: 5,
    deletionTimestamp: '2023-11-14T22:13:25Z'
  })
  expect(objectOf(ask(remove('q', PODS))).metadata.name).toBe('q')
  expect(ask(get('q', PODS)).kind).toBe('failure')
  ask(remove('p', PODS, { gracePeriodSeconds: 0 }))
  expect(ask(get('p', PODS)).kind).toBe('failure')
})

test('a definition is served at once', () => {
  const { ask } = world()
  expect(ask(get('t', THINGS)).kind).toBe('failure')
  const answer = objectOf(ask({ verb: 'create', target: { resource: CRDS }, body: DEFINITION, options: {} }))
  expect(dig(answer, 'spec', 'names')).toMatchObject({ singular: 'thing', listKind: 'ThingList' })
  objectOf(ask(create({ apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name: 't' } }, THINGS)))
})

test('a definition that is deleted takes no new objects, and goes after those there are', () => {
  const { store, ask } = world()
  const thing = (name: string, finalizers: readonly string[]) => ({
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata: { name, finalizers }
  })
  ask({ verb: 'create', target: { resource: CRDS }, body: DEFINITION, options: {} })
  ask(create(thing('t', []), THINGS))
  ask(create(thing('held', ['example.org/hold']), THINGS))
  const applied = store.apply({ verb: 'delete', target: { resource: CRDS }, name: 'things.example.org', body: {}, options: {} }, moment)
  const { metadata } = objectOf(applied.answer)
  expect(metadata).toMatchObject({ finalizers: ['customresourcecleanup.apiextensions.k8s.io'], generation: 1 })
  expect(failureOf(ask(create(thing('late', []), THINGS)))).toContain('create not allowed while custom resource definition is terminating')
  settle(store, applied.changes, moment, definitionErrands)
  expect([...store.inNamespace('demo')].map(({ object }) => object.metadata.name)).toEqual(['held'])
  expect(store.settleDefinition('things.example.org', moment)).toEqual([])
  ask(patch('held', { metadata: { finalizers: null } }, { resource: THINGS }))
  expect(store.settleDefinition('things.example.org', moment)).toMatchObject([{ kind: 'deleted', resource: 'customresourcedefinitions' }])
  expect(ask(get('t', THINGS))).toMatchObject({ status: { code: 404, message: 'the server could not find the requested resource' } })
})

test('a namespace goes after its content', () => {
  const { store, ask } = world()
  ask(create(configMap('a')))
  ask(create({ metadata: { name: 'p' }, spec: { nodeName: 'n' } }, PODS))
  const applied = store.apply({ verb: 'delete', target: { resource: NAMESPACES }, name: 'demo', body: {}, options: {} }, moment)
  expect(applied.answer).toMatchObject({ object: { status: { phase: 'Terminating' } } })
  expect(failureOf(ask(create(configMap('b'))))).toContain('403 Forbidden')
  settle(store, applied.changes, moment)
  expect([...store.all()].filter(({ object }) => object.kind !== 'CustomResourceDefinition')).toEqual([])
})

test('admission is asked at every write of an object, dry runs too, and not at deletes, reads and writes of the status', () => {
  const unlucky = { size: 13 }
  const denied = new Set<unknown>()
  const rules = { ...SMALL_RULES, deny: (object: KubeObject) => (denied.has(dig(object, 'spec', 'size')) ? 'unlucky' : undefined) }
  const store = new Store({ kinds: SMALL_KINDS, rules })
  const ask = (request: StoreRequest): StoreAnswer => store.apply(request, moment).answer
  ask({ verb: 'create', target: { resource: NAMESPACES }, body: DEMO, options: {} })
  const early = objectOf(ask(create(widget('early', { spec: unlucky }), WIDGETS)))
  denied.add(13)
  const refused = { kind: 'failure', status: { code: 400, message: 'unlucky' } }
  expect(ask(create(widget('w', { spec: unlucky }), WIDGETS))).toMatchObject(refused)
  expect(ask(create(widget('w', { spec: unlucky }), WIDGETS, { dryRun: true }))).toMatchObject(refused)
  const good = objectOf(ask(create(widget('w', { spec: { size: 12 } }), WIDGETS)))
  expect(ask(update({ ...good, spec: unlucky }, WIDGETS))).toMatchObject(refused)
  expect(ask(patch('w', { spec: unlucky }, { resource: WIDGETS }))).toMatchObject(refused)
  expect(objectOf(ask(get('w', WIDGETS)))).toEqual(good)
  // What was stored before there was the check can be read, have its status written, and go; its content can only get better.
  expect(objectOf(ask(get('early', WIDGETS)))).toEqual(early)
  expect(ask(patch('early', { metadata: { labels: { a: 'b' } } }, { resource: WIDGETS }))).toMatchObject(refused)
  expect(objectOf(ask(patch('early', { status: { ready: 1 } }, { resource: WIDGETS, subresource: 'status' })))).toMatchObject({
    spec: unlucky
  })
  expect(ask(remove('early', WIDGETS)).kind).toBe('deleted')
})
