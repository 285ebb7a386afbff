// What every KubeClient must do, embedded or over HTTPS: run by the tests of each implementation against an API of its own.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiError, type KubeClient, type WatchEvent } from '../../src/kube/kube-client.ts'
import { CONFIG_MAPS, configMap, DEMO, NAMESPACES, widget, WIDGETS } from './small-world.ts'

/** A client of an empty API that serves SMALL_KINDS; `end` lets go of it. */
export interface ClientUnderTest {
  readonly client: KubeClient
  end(): Promise<void>
}

/** Declares the suite for one implementation. */
export function describeKubeClient(name: string, makeClient: () => Promise<ClientUnderTest>): void {
  describe(`${name} as a KubeClient`, () => {
    let under: ClientUnderTest
    let stop: AbortController
    const call = (): { signal: AbortSignal } => ({ signal: stop.signal })
    const failure = async (promise: Promise<unknown>): Promise<unknown> => {
      const error = await promise.then(
        () => 'no failure',
        (reason: unknown) => reason
      )
      return error instanceof ApiError ? `${error.status} ${error.reason}` : error
    }
    const take = async (events: AsyncIterable<WatchEvent>, count: number): Promise<readonly string[]> => {
      const seen: string[] = []
      for await (const event of events) {
        if (event.kind === 'bookmark') continue
        seen.push(`${event.kind} ${event.object.metadata.name}`)
        if (seen.length === count) break
      }
      return seen
    }

    beforeEach(async () => {
      stop = new AbortController()
      under = await makeClient()
      await under.client.create(NAMESPACES, DEMO, call())
    })
    afterEach(async () => {
      stop.abort(new Error('the test is over'))
      await under.end()
    })

    test('what is created can be read, and what is absent is undefined', async () => {
      const made = await under.client.create(CONFIG_MAPS, configMap('a', { data: { k: 'v' } }), call())
      expect(await under.client.get({ ...CONFIG_MAPS, namespace: 'demo', name: 'a' }, call())).toEqual(made)
      expect(await under.client.get({ ...CONFIG_MAPS, namespace: 'demo', name: 'b' }, call())).toBeUndefined()
    })

    test('failures carry status and reason', async () => {
      await under.client.create(CONFIG_MAPS, configMap('a'), call())
      const key = { ...CONFIG_MAPS, namespace: 'demo', name: 'b' }
      expect(await failure(under.client.create(CONFIG_MAPS, configMap('a'), call()))).toBe('409 AlreadyExists')
      expect(await failure(under.client.delete(key, call()))).toBe('404 NotFound')
      expect(await failure(under.client.patch(key, { kind: 'merge', body: {} }, call()))).toBe('404 NotFound')
      const stale = configMap('a', { data: { x: 'y' }, metadata: { resourceVersion: '1' } })
      expect(await failure(under.client.update(CONFIG_MAPS, stale, call()))).toBe('409 Conflict')
      expect(await failure(under.client.create(WIDGETS, widget('w', { spec: { size: 'big' } }), call()))).toBe('422 Invalid')
    })

    test('a status is written apart from the rest', async () => {
      const made = await under.client.create(WIDGETS, widget('w'), call())
      const written = await under.client.update(
        WIDGETS,
        { ...made, spec: { size: 5 }, status: { n: 1 } },
        { ...call(), subresource: 'status' }
      )
      expect(written).toMatchObject({ spec: { size: 1 }, status: { n: 1 } })
    })

    test('patches of each kind are applied', async () => {
      await under.client.create(CONFIG_MAPS, configMap('a', { data: { k: 'v' } }), call())
      const key = { ...CONFIG_MAPS, namespace: 'demo', name: 'a' }
      await under.client.patch(key, { kind: 'merge', body: { data: { l: 'w' } } }, call())
      await under.client.patch(key, { kind: 'strategic', body: { data: { k: null } } }, call())
      const operations = [{ op: 'add', path: '/data/m', value: 'x' }]
      expect((await under.client.patch(key, { kind: 'json', operations }, call()))['data']).toEqual({ l: 'w', m: 'x' })
    })

    test('a list comes in pages, and a watch from its version misses nothing', async () => {
      for (const each of ['a', 'b', 'c']) await under.client.create(CONFIG_MAPS, configMap(each), call())
      const query = { ...CONFIG_MAPS, namespace: 'demo' }
      const first = await under.client.list({ ...query, limit: 2 }, call())
      await under.client.create(CONFIG_MAPS, configMap('d'), call())
      const second = await under.client.list({ ...query, limit: 2, continue: first.continue ?? '' }, call())
      expect([...first.items, ...second.items].map((item) => item.metadata.name).slice(0, 3)).toEqual(['a', 'b', 'c'])
      await under.client.delete({ ...query, name: 'a' }, call())
      const events = under.client.watch({ ...query, resourceVersion: first.resourceVersion }, call())
      expect(await take(events, 2)).toEqual(['added d', 'deleted a'])
    })

    test('a watch hears what comes later, and sees selector transitions as additions and deletions', async () => {
      const { resourceVersion } = await under.client.list({ ...CONFIG_MAPS, namespace: 'demo' }, call())
      const watched = under.client.watch({ ...CONFIG_MAPS, namespace: 'demo', labelSelector: 'on=yes', resourceVersion }, call())
      const seen = take(watched, 3)
      await under.client.create(CONFIG_MAPS, configMap('a'), call())
      const key = { ...CONFIG_MAPS, namespace: 'demo', name: 'a' }
      await under.client.patch(key, { kind: 'merge', body: { metadata: { labels: { on: 'yes' } } } }, call())
      await under.client.patch(key, { kind: 'merge', body: { data: { k: 'v' } } }, call())
      await under.client.patch(key, { kind: 'merge', body: { metadata: { labels: { on: 'no' } } } }, call())
      expect(await seen).toEqual(['added a', 'modified a', 'deleted a'])
    })

    test('a version too old to go on from is Expired', async () => {
      const watched = under.client.watch({ ...CONFIG_MAPS, namespace: 'demo', resourceVersion: '1' }, call())
      expect(await failure(take(watched, 1))).toBe('410 Expired')
    })

    test('an aborted signal rejects with its reason', async () => {
      const { resourceVersion } = await under.client.list(CONFIG_MAPS, call())
      const waiting = failure(take(under.client.watch({ ...CONFIG_MAPS, resourceVersion }, call()), 1))
      const reason = new Error('enough')
      stop.abort(reason)
      expect(await waiting).toBe(reason)
      expect(await failure(under.client.get({ ...CONFIG_MAPS, namespace: 'demo', name: 'a' }, call()))).toBe(reason)
    })
  })
}
