// What people and pipelines ask of a rollout, as annotations of the Canary: read here, weighed against what a tick finds, and spelt nowhere
// else. All but pause are for one time and removed once acted on, after the status: a crash between the two asks again, which does no harm.

import type { KubeObject } from '../api/object.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import { printable } from '../std/printable.ts'
import type { Phase } from './state.ts'

/** abort: roll back. pause: go on looking, advance no further. restart: from the first step. retry: a failed revision. promote: now. */
export type Request = 'abort' | 'pause' | 'restart' | 'retry' | 'promote'

/** The annotation of each request, whose value is "true"; the safest first. `pause` stays until it is removed, which resumes. */
export const REQUESTS: Readonly<Record<Request, string>> = {
  abort: 'flagger.app/rollback',
  pause: 'serin.dev/pause',
  restart: 'serin.dev/restart',
  retry: 'serin.dev/retry',
  promote: 'serin.dev/promote'
}

/** Who asked, and until when it holds (RFC 3339): beside requests, and removed with the last of them. Who may ask may write any name here. */
export const ASKED_BY = 'serin.dev/asked-by'
export const ASKED_UNTIL = 'serin.dev/asked-until'
const NAME_MOST = 256

/** lastAppliedSpec of a failed Canary whose revision is to be taken up again: no revision has this hash. */
export const RETRIED = 's1-retry'

/** What a request meets: the phase, the situation without it, and for failed Canaries what a retry would meet. */
export interface Met {
  readonly phase: Phase
  readonly situation: string
  /** retryable: this revision failed; pending: another is coming; mendable, unready: its promotion failed, and it has pods or not. */
  readonly failed: 'retryable' | 'pending' | 'mendable' | 'unready' | 'no'
  readonly primary: 'available' | 'away'
  /** Of a primary that a promotion has overwritten: whether what it was is kept. */
  readonly previous: 'untouched' | 'kept' | 'gone'
}

/** What becomes of the requests of a tick. */
export interface Heeded {
  readonly act: 'abort' | 'take-back' | 'restart' | 'retry' | 'mend' | 'approve' | 'promote' | undefined
  readonly paused: boolean
  /** To be removed. */
  readonly drop: readonly Request[]
  /** Of these, the ones that found nothing to act on, and those that a pause forbade. */
  readonly idle: readonly Request[]
  readonly forbidden: readonly Request[]
  /** Of these, the ones whose time was over. */
  readonly expired: readonly Request[]
}

export const NO_REQUESTS: Heeded = { act: undefined, paused: false, drop: [], idle: [], forbidden: [], expired: [] }

/** Who asked for what a Canary is asked, and until when, as its annotations have it; undefined where they are not there. */
export function askedBy({ metadata }: KubeObject): { readonly by: string | undefined; readonly until: string | undefined } {
  const [by, until] = [metadata.annotations?.[ASKED_BY], metadata.annotations?.[ASKED_UNTIL]]
  return { by: by === undefined ? undefined : printable(by, NAME_MOST), until: parseInstant(until) === undefined ? undefined : until }
}

// A time that cannot be read bounds nothing.
function hasExpired(canary: KubeObject, now: Millis): boolean {
  const until = parseInstant(askedBy(canary).until)
  return until !== undefined && now >= until
}

// What else is asked beside them holds: nobody's rollback ends with somebody's pause.
const EXPIRING: readonly Request[] = ['pause', 'promote']

/** What to do with what a Canary is asked now: an approval or a pause whose time is over is removed, and the others are weighed. */
export function heedNow(canary: KubeObject, met: Met, now: Millis): Heeded {
  const asked = requestsOf(canary)
  const expired = hasExpired(canary, now) ? asked.filter((request) => EXPIRING.includes(request)) : []
  if (expired.length === 0) return heed(asked, met)
  const heeded = heed(
    asked.filter((request) => !expired.includes(request)),
    met
  )
  return { ...heeded, drop: [...expired, ...heeded.drop], expired }
}

/** The requests of a Canary, safest first. */
export function requestsOf({ metadata }: KubeObject): readonly Request[] {
  return ALL.filter((request) => metadata.annotations?.[REQUESTS[request]] === 'true')
}

/** What to do with what was asked. Of several the safest wins and the others go with it, but that a pause stays beside retry and restart. */
export function heed(asked: readonly Request[], met: Met): Heeded {
  if (asked.length === 0) return NO_REQUESTS
  if (asked.includes('abort')) {
    const act = met.previous === 'kept' ? 'take-back' : ABORTABLE.includes(met.phase) ? 'abort' : undefined
    return { ...NO_REQUESTS, act, drop: asked, idle: act === undefined ? ['abort'] : [] }
  }
  const one = ONE_SHOT.find((request) => asked.includes(request))
  const heeded = one === undefined ? NO_REQUESTS : single(one, asked, met)
  return asked.includes('pause') ? withPause(heeded, met) : heeded
}

const ALL: readonly Request[] = ['abort', 'pause', 'restart', 'retry', 'promote']
const ONE_SHOT = ['restart', 'retry', 'promote'] as const
const ABORTABLE: readonly Phase[] = ['waiting', 'progressing', 'waiting-promotion']
const ANALYSING: readonly Phase[] = ['progressing', 'waiting-promotion']
const RUNNING: readonly Phase[] = ['waiting', 'progressing', 'waiting-promotion', 'promoting', 'finalising']

function single(one: (typeof ONE_SHOT)[number], asked: readonly Request[], met: Met): Heeded {
  const drop = asked.filter((request) => request !== 'pause')
  const ends: Ends = {
    done: { ...NO_REQUESTS, drop },
    idle: { ...NO_REQUESTS, drop, idle: [one] },
    later: NO_REQUESTS,
    acted: (act) => ({ ...NO_REQUESTS, act, drop })
  }
  switch (one) {
    case 'restart':
      return restart(met, ends)
    case 'retry':
      return retry(met, ends)
    case 'promote':
      return promote(met, ends)
  }
}

/** done: nothing to say; idle: there was nothing to act on; later: it stays until it can be acted on. */
interface Ends {
  readonly done: Heeded
  readonly idle: Heeded
  readonly later: Heeded
  readonly acted: (act: Heeded['act']) => Heeded
}

function restart({ phase, situation, primary }: Met, { done, idle, later, acted }: Ends): Heeded {
  if (!ANALYSING.includes(phase)) return idle
  // It begins again anyway, or is over.
  if (situation === 'restart' || situation === 'withdrawn') return done
  const held = ['wait', 'start', 'look', 'advanced-before', 'foreign', 'contested', 'not-ready'].includes(situation)
  return held && primary === 'available' ? acted('restart') : later
}

function retry({ failed }: Met, { done, idle, acted }: Ends): Heeded {
  switch (failed) {
    case 'retryable':
      return acted('retry')
    case 'pending':
      return done
    case 'mendable':
      return acted('mend')
    case 'unready':
      return { ...NO_REQUESTS, act: 'mend' }
    case 'no':
      return idle
  }
}

function promote({ phase, situation }: Met, { done, idle, later, acted }: Ends): Heeded {
  // Asked again by a crash, or of one that is on its way: nothing to say.
  if (phase === 'promoting' || phase === 'finalising' || situation === 'skip' || situation === 'resume-promotion') return done
  // Past its gate, and then again when its pods are ready.
  if (situation === 'new-revision') return { ...NO_REQUESTS, act: 'approve' }
  if (['wait', 'start', 'look', 'advanced-before'].includes(situation)) return acted('promote')
  // What was asked for another revision is not done to this one.
  if (situation === 'restart' || situation === 'withdrawn' || situation === 'idle') return idle
  return later
}

function withPause(heeded: Heeded, { phase, situation }: Met): Heeded {
  const coming =
    RUNNING.includes(phase) || ['new-revision', 'not-ready', 'foreign', 'contested', 'stuck', 'mend-promotion'].includes(situation)
  if (!coming && heeded.act !== 'retry' && heeded.act !== 'mend') {
    return { ...heeded, drop: [...heeded.drop, 'pause'], idle: [...heeded.idle, 'pause'] }
  }
  if (heeded.act !== 'promote' && heeded.act !== 'approve') return { ...heeded, paused: true }
  return { ...NO_REQUESTS, paused: true, drop: ['promote'], forbidden: ['promote'] }
}
