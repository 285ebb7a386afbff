// What requests conclude, and what they are told by: the second half of requests.ts, which weighs them.

import type { KubeObject } from '../api/object.ts'
import { rollBack } from './conclusions.ts'
import { hear } from './hear.ts'
import { ASKED_BY, ASKED_UNTIL, askedBy, type Request, REQUESTS, requestsOf, RETRIED } from './requests.ts'
import { isDue } from './situation.ts'
import { type Announcement, type Conclusion, event, held, subject, type Tick } from './tick.ts'

const TO_DO: Readonly<Record<Request, string>> = {
  abort: 'roll back',
  pause: 'pause',
  restart: 'restart',
  retry: 'retry',
  promote: 'promote'
}

/** What the requests of a tick add to its conclusion: those dealt with are removed, and what came of nothing is told. */
export function afterRequests(
  { canary, finding: { heeded, plan, state } }: Pick<Tick, 'canary' | 'finding'>,
  { announcements, metadata }: Conclusion
): Pick<Conclusion, 'announcements' | 'metadata'> {
  const who = `${plan.target}.${plan.namespace}`
  const told = (text: string): Announcement => event('Normal', text, state.phase)
  const idle = heeded.idle.map((each) => told(`Nothing to ${TO_DO[each]} for ${who}: annotation ${REQUESTS[each]} removed`))
  const forbidden = heeded.forbidden.map((each) =>
    told(`${who} is paused, nothing to ${TO_DO[each]} before it is resumed: annotation ${REQUESTS[each]} removed`)
  )
  const expired = heeded.expired.map((each) =>
    told(`The request to ${TO_DO[each]} ${who} held until ${askedBy(canary).until}: annotation ${REQUESTS[each]} removed`)
  )
  const drop = [...heeded.drop.map((each) => REQUESTS[each]), ...orphans(canary, heeded.drop)]
  return { announcements: [...idle, ...forbidden, ...expired, ...announcements], metadata: drop.length === 0 ? metadata : { drop } }
}

// What says who asked goes with the last request, or the next one would be taken for his.
function orphans(canary: KubeObject, drop: readonly Request[]): readonly string[] {
  if (requestsOf(canary).some((request) => !drop.includes(request))) return []
  return [ASKED_BY, ASKED_UNTIL].filter((name) => canary.metadata.annotations?.[name] !== undefined)
}

/** A failed revision is made one that was not taken up yet; the next tick finds it, at once. */
export function retry(tick: Tick): Conclusion {
  const { state } = tick.finding
  const told = event('Normal', `Retry requested! Taking up ${subject(tick)} again`, state.phase)
  const next = state.phase === 'failed' ? { ...state, applied: RETRIED } : state
  return { ...held(tick, [told], 'reset'), state: next, wake: 0 }
}

/** Nothing leads on while paused; a rollback webhook is still heard. */
export function pause(tick: Tick): Conclusion {
  const heard = hear(tick)
  if (heard.verdict === 'roll-back') return rollBack(tick, heard.because, heard.told)
  if (!isDue(tick.finding, tick.cluster)) return held(tick, [], 'none')
  // Where nobody was asked the look stays due: what is resumed goes on at once.
  return held(tick, [...heard.told, pausedEvent(tick)], heard.told.length > 0 ? 'taken' : 'none')
}

/** The Event of a step that a pause holds. */
export function pausedEvent(tick: Tick): Announcement {
  return event('Normal', `Halt ${subject(tick)} advancement paused by annotation ${REQUESTS.pause}=true`, tick.finding.state.phase)
}

/** The Event before a promotion that was asked for. */
export function skipped(tick: Tick): Announcement {
  return event('Normal', `Promotion requested! Skipping what is left of the analysis of ${subject(tick)}`, 'progressing')
}
