// The cells of an Event in both of its API versions: core/v1 (involvedObject, source, lastTimestamp) and events.k8s.io.

import { dig, textAt } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import type { KubeObject } from '../api/object.ts'
import { age } from './human-duration.ts'

/** LAST-SEEN TYPE REASON OBJECT SUBOBJECT SOURCE MESSAGE FIRST-SEEN COUNT NAME. */
export function eventCells(event: KubeObject, now: Millis): unknown[] {
  const about = event['involvedObject'] ?? event['regarding']
  const { first, last } = timesOf(event)
  return [
    age(last, now),
    textAt(event, 'type'),
    textAt(event, 'reason'),
    `${textAt(about, 'kind').toLowerCase()}/${textAt(about, 'name')}`,
    textAt(about, 'fieldPath'),
    source(event),
    (textAt(event, 'message') || textAt(event, 'note')).trim(),
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
  const component = textAt(origin, 'component') || textAt(event, 'reportingComponent') || textAt(event, 'reportingController')
  const host = textAt(origin, 'host')
  return host === '' ? component : `${component}, ${host}`
}

function count(event: KubeObject): number {
  const times = dig(event, 'series', 'count') ?? event['count'] ?? event['deprecatedCount']
  return typeof times === 'number' && times > 0 ? times : 1
}

function present(value: unknown): unknown {
  return value === null || value === '' ? undefined : value
}
