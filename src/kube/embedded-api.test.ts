import { expect, test } from 'vitest'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { CRDS, DEFINITION } from '../../test/things.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { decodeRecords, type Journal } from '../store/journal-record.ts'
import type { StoreAnswer } from '../store/store-request.ts'
import { EmbeddedApi, END_DELAY, type WatchStep } from './embedded-api.ts'
import { MemoryJournal } from './memory-journal.ts'

/** A journal whose syncs finish when the test says so. */
class SlowJournal extends MemoryJournal {
  syncs = 0
  readonly #held: { resolve: () => void; reject: (error: Error) => void }[] = []

  override sync(): Promise<void> {
    this.syncs++
    return new Promise<void>((resolve, reject) => this.#held.push({ resolve, reject })).then(() => super.sync())
  }

  async release(error?: Error): Promise<void> {
    const held = this.#held.shift()
    if (error === undefined) held?.resolve()
    else held?.reject(error)
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  }
}

const open = (journal: Journal, logLinesMax?: number): Promise<EmbeddedApi> =>
  EmbeddedApi.open({
    kinds: SMALL_KINDS,
    rules: SMALL_RULES,
    journal,
    clock: new VirtualClock(1_700_000_000_000),
    draw: seeded(1),
    ...(logLinesMax !== undefined && { logLinesMax })
  })

const target = { resource: CONFIG_MAPS, namespace: 'demo' }
const make = (api: EmbeddedApi, name: string): Promise<StoreAnswer> =>
  api.submit({ verb: 'create', target, body: configMap(name), options: {} })
const makeDemo = (api: EmbeddedApi): Promise<StoreAnswer> =>
  api.submit({ verb: 'create', target: { resource: NAMESPACES }, body: DEMO, options: {} })
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
const label = (step: WatchStep): string => {
  if (step.kind === 'bookmark') return step.initialEnd ? 'initial end' : 'bookmark'
  return step.kind === 'failed' ? `${step.status.code} ${step.status.reason}` : `${step.kind} ${step.object.metadata.name}`
}

test('no answer, read or watch step shows a write before its sync, and writes meanwhile share the next sync', async () => {
  const journal = new SlowJournal()
  const api = await open(journal)
  const shown: string[] = []
  api.watch({ target, resourceVersion: api.resourceVersion() }, (step) => shown.push(label(step)))
  const told: string[] = []
  const tell = (name: string) => (answer: StoreAnswer) => void told.push(`${name} ${answer.kind}`)
  void makeDemo(api).then(tell('demo'))
  await settled()
  void make(api, 'a').then(tell('a'))
  void make(api, 'b').then(tell('b'))
  void api.submit({ verb: 'get', target, name: 'a' }).then(tell('get'))
  const late: string[] = []
  const plain: string[] = []
  api.watch({ target, allowWatchBookmarks: true, sendInitialEvents: true }, (step) => late.push(label(step)))
  api.watch({ target, allowWatchBookmarks: true }, (step) => plain.push(label(step)))
  await settled()
  expect([told, shown, late, journal.syncs]).toEqual([[], [], [], 1])
  await journal.release()
  expect([told, shown, late, journal.syncs]).toEqual([['demo object'], [], [], 2])
  await journal.release()
  expect(told).toEqual(['demo object', 'a object', 'b object', 'get object'])
  expect(shown).toEqual(['added a', 'added b'])
  expect(late).toEqual(['added a', 'added b', 'initial end'])
  // only who asked for it is told where the initial events end
  expect(plain).toEqual(['added a', 'added b', 'bookmark'])
  expect(journal.syncs).toBe(2)
})

test('a journal that fails stops everything and says why', async () => {
  const journal = new SlowJournal()
  const api = await open(journal)
  const steps: string[] = []
  api.watch({ target }, (step) => steps.push(label(step)))
  const first = makeDemo(api)
  const second = make(api, 'a')
  await settled()
  const refused = Promise.allSettled([first, second])
  await journal.release(new Error('no space left'))
  for (const one of await refused)
    expect(one).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('no space left') } })
  await expect(make(api, 'b')).rejects.toThrow('no space left')
  await expect(api.failed).rejects.toThrow('no space left')
  expect(steps).toEqual(['500 InternalError'])
  expect(journal.kept.log).toBe('')
})

test('a restart goes on from the last version: same objects, and watches from before it are told to list again', async () => {
  const journal = new MemoryJournal()
  const api = await open(journal)
  await makeDemo(api)
  const before = api.resourceVersion()
  await make(api, 'a')
  const again = await open(new MemoryJournal(journal.kept))
  expect(again.resourceVersion()).toBe(api.resourceVersion())
  expect(await again.submit({ verb: 'get', target, name: 'a' })).toEqual(await api.submit({ verb: 'get', target, name: 'a' }))
  const steps: string[] = []
  again.watch({ target, resourceVersion: before }, (step) => steps.push(label(step)))
  again.watch({ target, resourceVersion: again.resourceVersion() }, (step) => steps.push(label(step)))
  await make(again, 'b')
  expect(steps).toEqual(['410 Expired', 'added b'])
})

test('a long journal becomes a snapshot, which holds the same state', async () => {
  const journal = new MemoryJournal()
  const api = await open(journal, 5)
  await makeDemo(api)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await make(api, name)
  expect(journal.kept.snapshot).not.toBe('')
  const log = decodeRecords(journal.kept.log)
  expect(log.kind === 'records' && log.records.length).toBeLessThan(5)
  const again = await open(new MemoryJournal(journal.kept))
  expect(await again.submit({ verb: 'list', target })).toEqual(await api.submit({ verb: 'list', target }))
})

test('a damaged journal stops the start and names the line', async () => {
  const journal = new MemoryJournal()
  const api = await open(journal)
  await makeDemo(api)
  await make(api, 'a')
  await make(api, 'b')
  const { log } = journal.kept
  const broken = log.replace('"name":"a"', '"name":"x"')
  await expect(open(new MemoryJournal({ snapshot: '', log: broken }))).rejects.toThrow('line 2 does not match its checksum')
})

test('a definition is accepted after its answer, and ends a while after it is deleted, also across a restart', async () => {
  const clock = new VirtualClock(0)
  const journal = new MemoryJournal()
  const start = (): Promise<EmbeddedApi> => EmbeddedApi.open({ kinds: SMALL_KINDS, rules: SMALL_RULES, journal, clock, draw: seeded(1) })
  const first = await start()
  const seen: string[] = []
  const watched = (api: EmbeddedApi): unknown => api.watch({ target: { resource: CRDS } }, (step) => seen.push(label(step)))
  watched(first)
  const made = await first.submit({ verb: 'create', target: { resource: CRDS }, body: DEFINITION, options: {} })
  expect(made).toMatchObject({ object: { status: { conditions: null } } })
  await first.submit({ verb: 'delete', target: { resource: CRDS }, name: 'things.example.org', body: {}, options: {} })
  expect(seen).toEqual(['added things.example.org', ...Array.from({ length: 3 }, () => 'modified things.example.org')])
  await first.close()
  await clock.advance(END_DELAY)
  expect(seen).toHaveLength(4)
  const second = await start()
  watched(second)
  await clock.advance(END_DELAY)
  expect(seen.slice(4)).toEqual(['added things.example.org', 'deleted things.example.org'])
})
