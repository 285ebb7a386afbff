import { expect, test } from 'vitest'
import { describeKubeClient } from '../../test/conformance/kube-client.ts'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { EmbeddedApi } from './embedded-api.ts'
import { LocalClient, WATCH_STEPS_MAX } from './local-client.ts'
import { MemoryJournal } from './memory-journal.ts'

async function open(): Promise<EmbeddedApi> {
  return EmbeddedApi.open({
    kinds: SMALL_KINDS,
    rules: SMALL_RULES,
    journal: new MemoryJournal(),
    clock: new VirtualClock(1_700_000_000_000),
    draw: seeded(1)
  })
}

describeKubeClient('the local client', async () => ({ client: new LocalClient(await open()), end: () => Promise.resolve() }))

test('a reader that does not keep up has its watch ended after what it can still read', async () => {
  const api = await open()
  const client = new LocalClient(api)
  const { signal } = new AbortController()
  await client.create(NAMESPACES, DEMO, { signal })
  const events = client.watch({ ...CONFIG_MAPS, resourceVersion: api.resourceVersion() }, { signal })
  const first = events.next()
  await client.create(CONFIG_MAPS, configMap('a'), { signal })
  await first
  const target = { resource: CONFIG_MAPS, namespace: 'demo' }
  const writes = Array.from({ length: WATCH_STEPS_MAX + 10 }, (_, index) =>
    api.submit({ verb: 'patch', target, name: 'a', patchType: 'merge', body: { data: { k: String(index) } }, options: {} })
  )
  await Promise.all(writes)
  let read = 0
  for await (const _ of events) read++
  expect(read).toBe(WATCH_STEPS_MAX + 1)
})
