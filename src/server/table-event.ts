// The cells of an Event in both of its API versions: core/v1 (involvedObject, source, lastTimestamp) and events.k8s.io.

import { dig } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import type { KubeObject } from '../api/object.ts'
import { age } from './human-duration.ts'

/** LAST-SEEN TYPE REASON OBJECT SUBOBJECT SOURCE MESSAGE FIRST-SEEN COUNT NAME. */
export function eventCells(event: KubeObject, now: Millis): unknown[] {
  const about = event['involvedObject'] ?? event['regarding']
  const { first, last } = timesOf(event)
  return [
    age(last, now),
    word(event, 'type'),
    word(event, 'reason'),
    `${word(about, 'kind').toLowerCase()}/${word(about, 'name')}`,
    word(about, 'fieldPath'),
    source(event),
    (word(event, 'message') || word(event, 'note')).trim(),
    age(first, now),
    count(event),
    event.metadata.name
  ]
}

function timesOf(event: KubeObject): { readonly first: unknown; readonly last: unknown } {
  const first = present(event['firstTimestamp']) ?? present(event['deprecatedFirstTimestamp']) ?? present(event['eventTime'])
  const last = present(event['lastTimestamp']) ?? present(event['deprecatedLastTimestamp']) ?? first
  return { first, last: present(dig(event, 'series', 'lastObservedTime')) ?? last }
}

function source(event: KubeObject): string {
  const origin = event['source'] ?? event['deprecatedSource']
  const component = word(origin, 'component') || word(event, 'reportingComponent') || word(event, 'reportingController')
  const host = word(origin, 'host')
  return host === '' ? component : `${component}, ${host}`
}

function count(event: KubeObject): number {
  const times = dig(event, 'series', 'count') ?? event['count'] ?? event['deprecatedCount']
  return typeof times === 'number' && times > 0 ? times : 1
}

function word(object: unknown, ...path: readonly string[]): string {
  const value = dig(object, ...path)
  return typeof value === 'string' ? value : ''
}

function present(value: unknown): unknown {
  return value === null || value === '' ? undefined : value
}
