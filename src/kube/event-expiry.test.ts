import { expect, test } from 'vitest'
import { DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES, widget, WIDGETS } from '../../test/conformance/small-world.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import { EmbeddedApi } from './embedded-api.ts'
import { EVENT_LIFE, expireEvents } from './event-expiry.ts'
import { EventRecorder } from './event-recorder.ts'
import { LocalClient } from './local-client.ts'
import { MemoryJournal } from './memory-journal.ts'

test('an Event goes within minutes of an hour after it last happened, one that is repeated stays', async () => {
  const [clock, stop] = [new VirtualClock(1_000_000_000_000), new AbortController()]
  const { signal } = stop
  const client = new LocalClient(
    await EmbeddedApi.open({ kinds: SMALL_KINDS, rules: SMALL_RULES, journal: new MemoryJournal(), clock, draw: seeded(1) })
  )
  await client.create(NAMESPACES, DEMO, { signal })
  const about = await client.create(WIDGETS, widget('w'), { signal })
  const recorder = new EventRecorder({ client, clock, draw: seeded(2), component: 'test', time: formatInstant })
  const record = (message: string) => recorder.record({ about, type: 'Normal', reason: 'Synced', message }, signal)
  const left = async (): Promise<readonly string[]> => {
    const { items } = await client.list({ group: '', version: 'v1', resource: 'events', namespace: 'demo' }, { signal })
    return items.map((item) => String(item['message'])).toSorted()
  }
  const running = expireEvents({ client, clock, log: () => undefined }, signal).catch((error: unknown) => error)
  await record('once')
  for (let minute = 0; minute < 58; minute += 2) {
    await record('again and again')
    await clock.advance(120_000)
  }
  expect(await left()).toEqual(['again and again', 'once'])
  await clock.advance(600_000)
  expect(await left()).toEqual(['again and again'])
  await clock.advance(EVENT_LIFE)
  expect(await left()).toEqual([])
  stop.abort(new Error('enough'))
  expect(await running).toEqual(new Error('enough'))
})
