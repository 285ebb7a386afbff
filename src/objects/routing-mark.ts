// The mark beside the routes: which routing the rollout itself wrote last, for which revision. It tells an advance that was interrupted
// before its status from routes that somebody else wrote: those may be equal, and only the first has passed the checks before it.

import { templateIn } from './revision.ts'
import type { Routing } from './virtual-service.ts'

/** The annotation of a VirtualService that has the mark. It is there while the canary gets traffic or copies, and changes with the routes. */
export const ROUTING_ANNOTATION = 'serin.dev/routing'

/** The mark of `routing` for a revision: its template's hash and the canary's share, or `copies`; undefined where it gets nothing. */
export function routingMark(revision: string, routing: Routing): string | undefined {
  if (routing.kind === 'mirror') return `${templateIn(revision)}/copies`
  return routing.canary === 0 ? undefined : `${templateIn(revision)}/${routing.canary}`
}
