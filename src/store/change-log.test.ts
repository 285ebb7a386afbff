import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import { ChangeLog } from './change-log.ts'
import { compileSelection } from './selection.ts'
import { Store } from './store.ts'
import type { StoreRequest } from './store-request.ts'
import { seenBy } from './watch-steps.ts'

const target = { resource: CONFIG_MAPS, namespace: 'demo' }
const name = fc.constantFrom('a', 'b', 'c')
const value = fc.constantFrom('yes', 'no')
const requests: fc.Arbitrary<StoreRequest> = fc.oneof(
  fc.record({ name, on: value }).map(({ name, on }): StoreRequest => ({
    verb: 'create',
    target,
    body: configMap(name, { metadata: { labels: { on } } }),
    options: {}
  })),
  fc.record({ name, on: value, k: value }).map(({ name, on, k }): StoreRequest => ({
    verb: 'patch',
    target,
    name,
    patchType: 'merge',
    body: { metadata: { labels: { on } }, data: { k } },
    options: {}
  })),
  name.map((name): StoreRequest => ({ verb: 'delete', target, name, body: {}, options: {} }))
)

test('random histories: versions only grow, writes that change nothing make no change, and watching from any version gives what listing gives', () => {
  const seen = { added: 0, modified: 0, deleted: 0, nothing: 0 }
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 25 }), fc.nat(24), fc.constantFrom('', 'on=yes'), (history, from, labelSelector) => {
      const store = new Store({ kinds: SMALL_KINDS, rules: SMALL_RULES })
      const moment = { now: 0, draw: seeded(2) }
      const log = new ChangeLog(store.resourceVersion)
      log.append(store.apply({ verb: 'create', target: { resource: NAMESPACES }, body: DEMO, options: {} }, moment).changes)
      const list = (): ReadonlyMap<string, unknown> => {
        const { answer } = store.apply({ verb: 'list', target, labelSelector }, moment)
        const items = answer.kind === 'list' ? answer.items : []
        return new Map(items.map((item) => [item.metadata.name ?? '', item]))
      }
      const oracle = new Map<string, string>()
      let known = { version: store.resourceVersion, items: list() }
      for (const [index, request] of history.entries()) {
        if (index === from) known = { version: store.resourceVersion, items: list() }
        const before = store.resourceVersion
        const { changes } = store.apply(request, moment)
        expect(store.resourceVersion).toBe(before + changes.length)
        expect(changes.length).toBe(naive(oracle, request))
        if (changes.length === 0) seen.nothing++
        log.append(changes)
      }
      const served = store.find(CONFIG_MAPS)
      const selection = served && compileSelection({ namespace: 'demo', labelSelector }, served.spec, SMALL_RULES)
      if (served === undefined || typeof selection !== 'function') throw new Error('configmaps are served')
      const replayed = new Map(known.items)
      for (const change of log.after(known.version) ?? []) {
        const step = seenBy(change, served, selection)
        if (step === undefined) continue
        seen[step.kind]++
        const key = step.object.metadata.name ?? ''
        expect(replayed.has(key)).toBe(step.kind !== 'added')
        if (step.kind === 'deleted') replayed.delete(key)
        else replayed.set(key, step.object)
      }
      expect(replayed).toEqual(list())
    }),
    { numRuns: 400 }
  )
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20)
})

/** How many changes a request makes on a plain map. */
function naive(oracle: Map<string, string>, request: StoreRequest): number {
  if (request.verb === 'create') {
    const { name = '', labels } = (request.body as ReturnType<typeof configMap>).metadata
    if (oracle.has(name)) return 0
    oracle.set(name, JSON.stringify([labels?.['on'], undefined]))
    return 1
  }
  if (request.verb === 'delete') return oracle.delete(request.name) ? 1 : 0
  if (request.verb !== 'patch') return 0
  const { metadata, data } = request.body as { metadata: { labels: { on: string } }; data: { k: string } }
  const next = JSON.stringify([metadata.labels.on, data.k])
  const before = oracle.get(request.name)
  if (before === undefined || before === next) return 0
  oracle.set(request.name, next)
  return 1
}

test('versions that are no longer kept are refused, never answered in part', () => {
  const log = new ChangeLog(10, 4)
  const object = configMap('a')
  for (let version = 11; version <= 40; version++) {
    log.append([{ resourceVersion: version, group: '', resource: 'configmaps', kind: 'added', object, previous: undefined }])
    expect(log.after(log.floor)?.length).toBe(version - log.floor)
    expect(log.after(log.floor - 1)).toBeUndefined()
  }
  expect(log.floor).toBeGreaterThan(30)
  expect(log.newest).toBe(40)
})
