import { expect, test } from 'vitest'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import type { KubeObject } from '../api/object.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { EmbeddedApi } from './embedded-api.ts'
import { ApiError, type KubeClient } from './kube-client.ts'
import { LocalClient } from './local-client.ts'
import { MemoryJournal } from './memory-journal.ts'
import { Reflector } from './reflector.ts'

async function world(): Promise<{ clock: VirtualClock; client: LocalClient; signal: AbortSignal; stop: AbortController }> {
  const [clock, stop] = [new VirtualClock(1_000_000), new AbortController()]
  const api = await EmbeddedApi.open({ kinds: SMALL_KINDS, rules: SMALL_RULES, journal: new MemoryJournal(), clock, draw: seeded(1) })
  const client = new LocalClient(api)
  await client.create(NAMESPACES, DEMO, { signal: stop.signal })
  return { clock, client, signal: stop.signal, stop }
}

function reflect(
  client: Pick<KubeClient, 'list' | 'watch'>,
  clock: VirtualClock
): { reflector: Reflector; heard: string[]; errors: unknown[] } {
  const heard: string[] = []
  const errors: unknown[] = []
  const reflector = new Reflector({
    client,
    clock,
    draw: seeded(1),
    query: { ...CONFIG_MAPS, namespace: 'demo' },
    onEvent: (event) => heard.push(`${event.kind} ${event.object.metadata.name}`),
    onError: (error) => errors.push(error)
  })
  return { reflector, heard, errors }
}

test('it lists in pages, then follows, and ends with the signal', async () => {
  const { clock, client, signal, stop } = await world()
  const names = Array.from({ length: 501 }, (_, index) => `n${index}`)
  for (const name of names) await client.create(CONFIG_MAPS, configMap(name), { signal })
  const { reflector, heard } = reflect(client, clock)
  const running = reflector.run(signal)
  await reflector.whenSynced()
  expect(reflector.objects()).toHaveLength(501)
  heard.length = 0
  await client.patch({ ...CONFIG_MAPS, namespace: 'demo', name: 'n1' }, { kind: 'merge', body: { data: { a: 'b' } } }, { signal })
  await client.delete({ ...CONFIG_MAPS, namespace: 'demo', name: 'n2' }, { signal })
  await clock.advance(5)
  expect(heard).toEqual(['modified n1', 'deleted n2'])
  expect(reflector.get('demo/n1')?.['data']).toEqual({ a: 'b' })
  expect(reflector.age(clock.now())).toBe(5)
  stop.abort()
  await running
})

test('after failures it backs off, lists again, and tells the differences only', async () => {
  const { clock, client, signal, stop } = await world()
  await client.create(CONFIG_MAPS, configMap('stays'), { signal })
  await client.create(CONFIG_MAPS, configMap('goes'), { signal })
  let watches = 0
  const flaky: Pick<KubeClient, 'list' | 'watch'> = {
    list: (query, options) => client.list(query, options),
    watch: (query, options) => {
      watches++
      if (watches === 1) throw new ApiError(503, 'ServiceUnavailable', 'not now', 7)
      if (watches === 2) throw new ApiError(410, 'Expired', 'too old resource version')
      return client.watch(query, options)
    }
  }
  const { reflector, heard, errors } = reflect(flaky, clock)
  const running = reflector.run(signal)
  await reflector.whenSynced()
  await clock.advance(0)
  expect(heard).toEqual(['added goes', 'added stays'])
  expect(clock.next()).toBe(clock.now() + 7000)
  await client.delete({ ...CONFIG_MAPS, namespace: 'demo', name: 'goes' }, { signal })
  await client.create(CONFIG_MAPS, configMap('new'), { signal })
  await clock.advance(7000)
  expect(heard.slice(2)).toEqual(['added new', 'deleted goes'])
  expect([watches, errors.length]).toEqual([3, 1])
  stop.abort()
  await running
})

test('an API whose every watch finds the version too old is asked with the pauses of a failure', async () => {
  const { clock, client, signal, stop } = await world()
  const lists: number[] = []
  const broken: Pick<KubeClient, 'list' | 'watch'> = {
    list: (query, options) => {
      lists.push(clock.now())
      if (lists.length > 100) throw new Error('it never pauses')
      return client.list(query, options)
    },
    watch: () => {
      throw new ApiError(410, 'Expired', 'too old resource version')
    }
  }
  const { reflector } = reflect(broken, clock)
  const running = reflector.run(signal)
  await clock.advance(60_000)
  expect(lists.length).toBeGreaterThan(2)
  expect(lists.length).toBeLessThan(10)
  stop.abort()
  await running
})

test('it keeps as much of an object as it is told to, and says whether its watch is open', async () => {
  const { clock, client, signal, stop } = await world()
  await client.create(CONFIG_MAPS, { ...configMap('one'), data: { secret: 'x' } }, { signal })
  const keep = ({ apiVersion, kind, metadata }: KubeObject): KubeObject => ({ apiVersion, kind, metadata })
  const reflector = new Reflector({ client, clock, draw: seeded(1), query: CONFIG_MAPS, keep })
  expect(reflector.watching).toBe(false)
  const running = reflector.run(signal)
  await reflector.whenSynced()
  await clock.advance(0)
  expect(reflector.watching).toBe(true)
  expect(reflector.get('demo/one')?.['data']).toBeUndefined()
  stop.abort()
  await running
  expect(reflector.watching).toBe(false)
})

test('anything but a failure of the API is a bug and ends it', async () => {
  const { clock, client, signal } = await world()
  const broken: Pick<KubeClient, 'list' | 'watch'> = {
    list: (query, options) => client.list(query, options),
    watch: () => {
      throw new TypeError('no such thing')
    }
  }
  const { reflector, errors } = reflect(broken, clock)
  await expect(reflector.run(signal)).rejects.toThrow('no such thing')
  expect(errors).toEqual([])
})

test('a watch that has been silent for too long is begun anew from where it was', async () => {
  const { clock, client, signal, stop } = await world()
  const versions: string[] = []
  const counting: Pick<KubeClient, 'list' | 'watch' | 'silenceMax'> = {
    silenceMax: 150_000,
    list: (query, options) => client.list(query, options),
    watch: (query, options) => {
      versions.push(query.resourceVersion)
      return client.watch(query, options)
    }
  }
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const reflector = new Reflector({ client: counting, clock, draw: seeded(1), query: CONFIG_MAPS, onError })
  const running = reflector.run(signal)
  await reflector.whenSynced()
  await clock.advance(400_000)
  expect(versions).toEqual([versions[0], versions[0], versions[0]])
  expect(errors).toEqual([])
  stop.abort()
  await running
})
