import { expect, test } from 'vitest'
import { DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES, widget, WIDGETS } from '../../test/conformance/small-world.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import { EmbeddedApi } from './embedded-api.ts'
import { COUNTED_WITHIN, EventRecorder, MESSAGES_MAX } from './event-recorder.ts'
import { LocalClient } from './local-client.ts'
import { MemoryJournal } from './memory-journal.ts'

test('a repeated event is counted up, a late one is new, and too many different ones are combined', async () => {
  const clock = new VirtualClock(1_000_000)
  const { signal } = new AbortController()
  const draw = seeded(1)
  const client = new LocalClient(
    await EmbeddedApi.open({ kinds: SMALL_KINDS, rules: SMALL_RULES, journal: new MemoryJournal(), clock, draw })
  )
  await client.create(NAMESPACES, DEMO, { signal })
  const about = await client.create(WIDGETS, widget('w'), { signal })
  const recorder = new EventRecorder({ client, clock, draw, component: 'test', time: formatInstant })
  const record = (message: string) => recorder.record({ about, type: 'Normal', reason: 'Synced', message }, signal)
  const events = async (): Promise<readonly string[]> => {
    const { items } = await client.list({ group: '', version: 'v1', resource: 'events', namespace: 'demo' }, { signal })
    return items.map((item) => `${String(item['count'])} ${String(item['message'])}`).toSorted()
  }
  for (let times = 0; times < 3; times++) await record('hello')
  expect(await events()).toEqual(['3 hello'])
  await clock.advance(COUNTED_WITHIN + 1)
  await record('hello')
  expect(await events()).toEqual(['1 hello', '3 hello'])
  // "hello" is one of the distinct ones.
  for (let n = 1; n < MESSAGES_MAX + 20; n++) await record(`message ${n}`)
  expect(await events()).toHaveLength(MESSAGES_MAX + 2)
  expect(await events()).toContain(`20 (combined from similar events): message ${MESSAGES_MAX + 19}`)
  const named = (await client.list({ group: '', version: 'v1', resource: 'events', namespace: 'demo' }, { signal })).items
  const inOrder = named
    .toSorted((a, b) => (String(a.metadata.name) < String(b.metadata.name) ? -1 : 1))
    .map((item) => String(item['message']))
  expect(inOrder.slice(0, 4)).toEqual(['hello', 'hello', 'message 1', 'message 2'])
})

test('what an earlier recorder of the same component wrote is counted on; what another wrote, or what is no event, is left alone', async () => {
  const clock = new VirtualClock(1_000_000)
  const { signal } = new AbortController()
  const draw = seeded(2)
  const client = new LocalClient(
    await EmbeddedApi.open({ kinds: SMALL_KINDS, rules: SMALL_RULES, journal: new MemoryJournal(), clock, draw })
  )
  await client.create(NAMESPACES, DEMO, { signal })
  const about = await client.create(WIDGETS, widget('w'), { signal })
  const list = () => client.list({ group: '', version: 'v1', resource: 'events', namespace: 'demo' }, { signal })
  const start = async (component: string): Promise<void> => {
    const recorder = new EventRecorder({ client, clock, draw, component, time: formatInstant })
    recorder.adopt([...(await list()).items, { apiVersion: 'v1', kind: 'Event', metadata: {} }])
    await recorder.record({ about, type: 'Warning', reason: 'Uneven', message: 'hello' }, signal)
  }
  for (const component of ['one', 'one', 'other', 'one']) await start(component)
  expect((await list()).items.map((item) => item['count']).toSorted((a, b) => Number(a) - Number(b))).toEqual([1, 3])
})
