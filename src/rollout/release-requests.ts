// What people and pipelines asked of a revision, as its Release keeps it: what, when, what came of it, and who and until when as far as it
// was said.

import type { ReleaseStatus } from '../api/serin-kinds.ts'
import { askedBy, type Heeded, type Request } from './requests.ts'
import type { Tick } from './tick.ts'

type Entry = NonNullable<ReleaseStatus['requests']>[number]

/** The requests that a tick dealt with, and the pause that holds; `at` is now. */
export function requestEntries({ canary, finding: { heeded } }: Pick<Tick, 'canary' | 'finding'>, at: string): readonly Entry[] {
  const { by, until } = askedBy(canary)
  const asked: readonly Request[] = [...heeded.drop, ...(heeded.paused ? (['pause'] as const) : [])]
  return asked.map((request) => ({
    at,
    request,
    outcome: outcomeOf(heeded, request),
    ...(by === undefined ? {} : { by }),
    ...(until === undefined ? {} : { until })
  }))
}

function outcomeOf({ idle, forbidden, expired }: Heeded, request: Request): Entry['outcome'] {
  if (expired.includes(request)) return 'expired'
  if (forbidden.includes(request)) return 'refused'
  return idle.includes(request) ? 'nothing to do' : 'done'
}

/** True for a request that the next tick saw again: a pause stays, and a crash repeats. */
export function isSameRequest(one: Entry, other: Entry): boolean {
  return one.request === other.request && one.outcome === other.outcome && one.by === other.by && one.until === other.until
}

/** The field of the status: of most revisions nothing is asked. */
export function requestsField(requests: readonly Entry[]): Pick<ReleaseStatus, 'requests'> {
  return requests.length === 0 ? {} : { requests }
}
