// Events end an hour after they last happened, as with a real API server's `--event-ttl`: otherwise a store that runs for weeks would hold
// all that ever happened.

import type { KubeObject } from '../api/object.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import { ApiError, type KubeClient } from './kube-client.ts'

/** What it needs. */
export interface EventExpiryOptions {
  readonly client: Pick<KubeClient, 'list' | 'delete'>
  readonly clock: Clock
  readonly log: (line: string) => void
}

/** How long an Event is kept after it last happened. */
export const EVENT_LIFE: Millis = 3_600_000
const PERIOD: Millis = 300_000
const EVENTS = { group: '', version: 'v1', resource: 'events' } as const

/** Removes Events whose time is over, every five minutes, until the signal ends it; then rejects with its reason. */
export async function expireEvents(options: EventExpiryOptions, signal: AbortSignal): Promise<never> {
  for (;;) {
    try {
      await sweep(options, signal)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      options.log(`events: ${error.message}`)
    }
    await wait(options.clock, PERIOD, signal)
  }
}

async function sweep({ client, clock }: EventExpiryOptions, signal: AbortSignal): Promise<void> {
  const { items } = await client.list(EVENTS, { signal })
  const over = clock.now() - EVENT_LIFE
  for (const { metadata } of items.filter((event) => lastSeen(event) < over)) {
    const { namespace = '', name = '', uid } = metadata
    try {
      await client.delete({ ...EVENTS, namespace, name }, { signal, ...(uid !== undefined && { uid }) })
    } catch (error) {
      // Somebody else may have removed it, or written another of its name.
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error
    }
  }
}

// The newest of the times an Event may carry: the API has two generations of them. One without any is as old as the object.
function lastSeen(event: KubeObject): Millis {
  const series = event['series']
  const times = [event['lastTimestamp'], event['eventTime'], event.metadata.creationTimestamp, timeOf(series)]
  return Math.max(0, ...times.map((time) => (typeof time === 'string' ? (parseInstant(time) ?? 0) : 0)))
}

function timeOf(series: unknown): unknown {
  return typeof series === 'object' && series !== null && 'lastObservedTime' in series ? series.lastObservedTime : undefined
}
