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
      if (await changed(stop)) over.abort(new Error('there is something else to do'))
    } while (again && !stop.aborted)
    thinking = false
  }
  const fail = (error: unknown): void => {
    thinking = false
    if (!(error instanceof ApiError) && !stop.aborted) failed(error)
  }
  return () => {
    again = true
    if (!thinking && !stop.aborted) think().catch(fail)
  }
}
