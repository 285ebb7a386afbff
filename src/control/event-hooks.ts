// Tells event webhooks what Events say: those of the Canary, or the one of all where it has none (flagger.md 1.6). Flagger calls them in the
// middle of its tick; here each has its queue, in the order of the Events, and a slow one holds up nothing.

import type { KubeObject } from '../api/object.ts'
import { callOf } from '../rollout/ask.ts'
import { judgeHook } from '../rollout/judge.ts'
import { DEFAULT_HOOK_TIMEOUT } from '../canary/durations.ts'
import { type Hook, planOf } from '../canary/plan.ts'
import { Lanes } from './lanes.ts'
import type { RolloutListener, Told } from './rollout-listener.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { callHook } from './rollout-questions.ts'

/** What it is made of; `webhook`: URL of the one that is told of Canaries without event webhooks of their own. */
export interface EventHooksOptions extends Pick<RolloutPorts, 'clock' | 'hooks' | 'log'> {
  readonly webhook: string | undefined
}

/** Calls event webhooks. Owns what is queued for them, and what was wrong with each. */
export class EventHooks implements RolloutListener {
  readonly #options: EventHooksOptions
  readonly #lanes: Lanes
  readonly #troubles = new Map<string, string>()

  constructor(options: EventHooksOptions) {
    this.#options = options
    this.#lanes = new Lanes((key, count) => {
      if (count === 1) options.log(`${key} is slower than its Events come: the oldest are dropped`)
    })
  }

  /** Rejects for a bug. */
  get failed(): Promise<never> {
    return this.#lanes.failed
  }

  /** Resolves once all is told; how many calls a stop has left unmade is said then. */
  async idle(): Promise<void> {
    const lost = await this.#lanes.idle()
    if (lost > 0) this.#options.log(`calls of event webhooks that were not answered are lost: ${lost}`)
  }

  gone(canary: KubeObject): void {
    for (const hook of this.#hooksOf(canary)) this.#troubles.delete(keyOf(hook, canary))
  }

  told({ canary, type, message, phase }: Told, signal: AbortSignal): void {
    const extra = { eventMessage: message, eventType: type, timestamp: String(this.#options.clock.now()) }
    for (const hook of this.#hooksOf(canary)) {
      const key = keyOf(hook, canary)
      const call = callOf(hook, canary, phase, extra)
      const job = async (stop: AbortSignal): Promise<void> => {
        const answer = judgeHook(await callHook(this.#options, call, stop))
        this.#heard(key, answer.kind === 'yes' ? undefined : answer.because)
      }
      this.#lanes.push(key, job, signal)
    }
  }

  // One that is down is not named for every Event.
  #heard(key: string, trouble: string | undefined): void {
    if (trouble === undefined) this.#troubles.delete(key)
    else if (this.#troubles.get(key) !== trouble) {
      this.#troubles.set(key, trouble)
      this.#options.log(`${key}: ${trouble}`)
    }
  }

  #hooksOf(canary: KubeObject): readonly Hook[] {
    const own = planOf(canary).hooks.filter(({ type }) => type === 'event')
    const { webhook } = this.#options
    return own.length > 0 || webhook === undefined ? own : [{ ...ALL, url: webhook }]
  }
}

function keyOf({ name }: Hook, { metadata }: KubeObject): string {
  return `event webhook ${name} of ${metadata.namespace}/${metadata.name}`
}

const ALL: Hook = {
  name: 'of all Canaries',
  type: 'event',
  url: '',
  timeout: DEFAULT_HOOK_TIMEOUT,
  retries: 0,
  disableTls: false,
  muteAlert: false,
  metadata: undefined
}
