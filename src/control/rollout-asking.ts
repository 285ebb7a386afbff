// Waits for the answers of webhooks and metrics only as long as they are wanted: what a tick asks is broken off when the Canary wants
// something else, and thought over whenever an object changes that it reads.

import { ApiError } from '../kube/kube-client.ts'
import type { Answer } from '../rollout/ask.ts'

/** Puts something and waits for the answers as long as they are wanted. */
export type Patiently = (put: (signal: AbortSignal) => Promise<readonly Answer[]>) => Promise<readonly Answer[] | 'interrupted'>

/** What is asked, and what may end it. */
export interface Asking {
  readonly put: Parameters<Patiently>[0]
  /** The Canary wants something else. */
  readonly interrupted: AbortSignal
  /** Takes whom to tell that something changed; undefined: nobody any more. */
  readonly seeing: (hear: (() => void) | undefined) => void
  /** Whether something else is to be done by now. An API that does not say changes nothing. */
  readonly changed: (signal: AbortSignal) => Promise<boolean>
}

/** Hears of changes from the moment it is made. */
export interface Heeding extends Pick<Asking, 'seeing'> {
  /** Nobody is told any more. */
  readonly end: () => void
}

/** Keeps what changes while nobody asks, for who asks next: it may have come after what was read. */
export function heed(seeing: Asking['seeing']): Heeding {
  let missed = false
  let hear: (() => void) | undefined
  seeing(() => {
    if (hear === undefined) missed = true
    else hear()
  })
  return {
    seeing: (next) => {
      hear = next
      if (next === undefined || !missed) return
      missed = false
      next()
    },
    end: () => seeing(undefined)
  }
}

/** The answers, or that they are not waited for. */
export async function answersUnless(asking: Asking, signal: AbortSignal): Promise<readonly Answer[] | 'interrupted'> {
  const over = new AbortController()
  const stop = AbortSignal.any([signal, asking.interrupted, over.signal])
  const rethinking = Promise.withResolvers<never>()
  asking.seeing(rethought(asking, over, stop, rethinking.reject))
  try {
    return await Promise.race([asking.put(stop), rethinking.promise])
  } catch (error) {
    if (signal.aborted || !stop.aborted) throw error
    return 'interrupted'
  } finally {
    asking.seeing(undefined)
    // Nothing is left to think over.
    over.abort(new Error('answered'))
  }
}

// One thought at a time, and one more when something changed meanwhile.
function rethought({ changed }: Asking, over: AbortController, stop: AbortSignal, failed: (error: unknown) => void): () => void {
  let [thinking, again] = [false, false]
  const think = async (): Promise<void> => {
    thinking = true
    do {
      again = false
      if (await saysSo(changed, stop)) over.abort(new Error('there is something else to do'))
    } while (again && !stop.aborted)
    thinking = false
  }
  return () => {
    again = true
    if (thinking || stop.aborted) return
    think().catch((error: unknown) => {
      if (!stop.aborted) failed(error)
    })
  }
}

async function saysSo(changed: Asking['changed'], stop: AbortSignal): Promise<boolean> {
  try {
    return await changed(stop)
  } catch (error) {
    if (error instanceof ApiError) return false
    throw error
  }
}
