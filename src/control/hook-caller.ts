// The HookCaller port: how webhooks are called. `remote` does it over HTTP; tests answer from a table.

import type { HookPayload } from '../rollout/ask.ts'
import type { HookOutcome } from '../rollout/judge.ts'
import type { Millis } from '../std/clock.ts'

/** One attempt to call a webhook. */
export interface HookAttempt {
  readonly url: string
  readonly payload: HookPayload
  readonly timeout: Millis
  /** Certificates are not verified. */
  readonly disableTls: boolean
}

/** Calls webhooks: one POST of JSON, one attempt. */
export interface HookCaller {
  /** Never rejects for what the other side does: no answer within `timeout` is `unreachable`. Rejects with the signal's reason. */
  call(attempt: HookAttempt, signal: AbortSignal): Promise<HookOutcome>
}
