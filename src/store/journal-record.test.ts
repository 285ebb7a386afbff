import { expect, test } from 'vitest'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { seeded } from '../std/draw.ts'
import { changeRecord, decodeRecords, encodeRecord, encodeSnapshot, recover } from './journal-record.ts'
import { Store } from './store.ts'
import type { Change, StoreRequest } from './store-request.ts'

const moment = { now: 0, draw: seeded(3) }
const fresh = (): Store => new Store({ kinds: SMALL_KINDS, rules: SMALL_RULES })

/** A short life: the changes in order, and the objects after each. */
function life(): { readonly changes: readonly Change[]; readonly states: readonly unknown[] } {
  const store = fresh()
  const target = { resource: CONFIG_MAPS, namespace: 'demo' }
  const requests: readonly StoreRequest[] = [
    { verb: 'create', target: { resource: NAMESPACES }, body: DEMO, options: {} },
    { verb: 'create', target, body: configMap('a', { data: { text: 'grüße\n' } }), options: {} },
    { verb: 'patch', target, name: 'a', patchType: 'merge', body: { data: { x: '1' } }, options: {} },
    { verb: 'create', target, body: configMap('b'), options: {} },
    { verb: 'delete', target, name: 'a', body: {}, options: {} }
  ]
  const states: unknown[] = [stateOf(store)]
  const changes = requests.flatMap((request) => {
    const applied = store.apply(request, moment)
    states.push(stateOf(store))
    return applied.changes
  })
  return { changes, states }
}

const stateOf = (store: Store): unknown => ({
  version: store.resourceVersion,
  objects: new Map([...store.all()].map((one) => [one.object.metadata.uid, one]))
})

function reopen(kept: { readonly snapshot: string; readonly log: string }): Store {
  const recovered = recover(kept)
  if (recovered.kind === 'damaged') throw new Error(recovered.message)
  const { objects, resourceVersion } = recovered
  const store = new Store({ kinds: SMALL_KINDS, rules: SMALL_RULES, objects, ...(resourceVersion !== undefined && { resourceVersion }) })
  for (const change of recovered.changes) store.replay(change)
  return store
}

test('a log cut off at any place gives the state after the last whole record', () => {
  const { changes, states } = life()
  const lines = changes.map((change) => encodeRecord(changeRecord(change)))
  const log = lines.join('')
  const reached = new Set<number>()
  for (let cut = 0; cut <= log.length; cut++) {
    const whole = log.slice(0, cut).split('\n').length - 1
    reached.add(whole)
    expect(stateOf(reopen({ snapshot: '', log: log.slice(0, cut) }))).toEqual(states[whole])
  }
  expect(reached.size).toBe(lines.length + 1)
})

test('zeros and garbage after the last whole record, as a lost power supply leaves them, are a torn end', () => {
  const { changes, states } = life()
  const log = changes.map((change) => encodeRecord(changeRecord(change))).join('')
  for (const tail of ['\0'.repeat(4096), '\n\n12 deadbeef {}\n', 'garbage without end']) {
    expect(stateOf(reopen({ snapshot: '', log: log + tail })), tail.slice(0, 10)).toEqual(states.at(-1))
    expect(recover({ snapshot: '', log: log + tail })).toMatchObject({ kind: 'recovered', torn: true })
  }
})

test('any changed character before the last line is damage, never another state', () => {
  const { changes } = life()
  const log = changes.map((change) => encodeRecord(changeRecord(change))).join('')
  const last = log.slice(0, -1).lastIndexOf('\n')
  for (let at = 0; at < last; at += 7) {
    const other = log[at] === 'x' ? 'y' : 'x'
    expect(recover({ snapshot: '', log: log.slice(0, at) + other + log.slice(at + 1) }).kind).toBe('damaged')
  }
})

test('a snapshot gives back the state, with the log after it, and an incomplete one is refused', () => {
  const { changes, states } = life()
  const store = fresh()
  for (const change of changes.slice(0, 3)) store.replay(change)
  const snapshot = encodeSnapshot(store.all(), store.resourceVersion)
  const log = changes.map((change) => encodeRecord(changeRecord(change))).join('')
  expect(stateOf(reopen({ snapshot, log }))).toEqual(states[5])
  expect(recover({ snapshot: snapshot.slice(0, -20), log: '' })).toMatchObject({ kind: 'damaged' })
  const [first = ''] = snapshot.split('\n')
  expect(recover({ snapshot: snapshot.replace(`${first}\n`, ''), log: '' })).toMatchObject({ kind: 'damaged' })
  expect(decodeRecords('')).toEqual({ kind: 'records', records: [], torn: false })
})
