// Follows the objects of one resource: a list, then a watch from there, and again from the list whenever the watch cannot go on.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'

/** What follows a resource needs. */
export interface Following {
  readonly client: KubeClient
  readonly clock: Clock
  readonly resource: ResourceRef
  readonly seen: (object: KubeObject, kind: 'present' | 'deleted') => void
  readonly log: (line: string) => void
}

const PAUSE: Millis = 1000

/** Reports every object once at the start and then each change, until the signal ends it; rejects with the signal's reason then. */
export async function follow(following: Following, signal: AbortSignal): Promise<never> {
  for (;;) {
    try {
      await followOnce(following, signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!(error instanceof ApiError)) throw error
      if (error.reason !== 'Expired') following.log(`watching ${following.resource.resource}: ${error.message}`)
    }
    await wait(following.clock, PAUSE, signal)
  }
}

async function followOnce({ client, resource, seen }: Following, signal: AbortSignal): Promise<void> {
  const list = await client.list(resource, { signal })
  for (const object of list.items) seen(object, 'present')
  for await (const event of client.watch({ ...resource, resourceVersion: list.resourceVersion }, { signal })) {
    if (event.kind !== 'bookmark') seen(event.object, event.kind === 'deleted' ? 'deleted' : 'present')
  }
}
