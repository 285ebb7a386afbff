// Runs the rollouts of all Canaries: ticks a Canary when it or an object it reads changes, and when its last tick said to look again.
// Owns the queue (one tick per Canary at a time) and, per Canary, what a tick wants remembered; all of it can be lost.

import type { KubeObject } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'
import { planOf } from '../rollout/plan.ts'
import { RESOURCES } from '../rollout/write.ts'
import type { Millis } from '../std/clock.ts'
import type { RolloutPorts } from './rollout-ports.ts'
import { type Memory, NO_MEMORY, tick } from './rollout-tick.ts'
import { follow } from './rollout-watch.ts'

interface Entry {
  readonly namespace: string
  readonly name: string
  /** Names of the objects it reads, as `resource/name`. */
  names: ReadonlySet<string>
  memory: Memory
  running: boolean
  /** A change came while its tick ran. */
  again: boolean
  failures: number
  cancelWake: () => void
}

const FIRST_BACKOFF: Millis = 1000
const LONGEST_BACKOFF: Millis = 60_000

/** The rollout controller. */
export class RolloutLoop {
  readonly #ports: RolloutPorts
  readonly #entries = new Map<string, Entry>()
  #fail: (error: unknown) => void = () => {}

  constructor(ports: RolloutPorts) {
    this.#ports = ports
  }

  /** Runs until the signal ends it, then rejects with the signal's reason; rejects earlier only for a bug. */
  async run(signal: AbortSignal): Promise<never> {
    const broken = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    const watching = Object.values(RESOURCES).map((resource) => {
      const seen = (object: KubeObject, kind: 'present' | 'deleted'): void => this.#seen(resource.resource, object, { kind, signal })
      return follow({ client: this.#ports.client, clock: this.#ports.clock, log: this.#ports.log, resource, seen }, signal)
    })
    try {
      return await Promise.race([broken, ...watching])
    } finally {
      for (const entry of this.#entries.values()) entry.cancelWake()
      await Promise.allSettled(watching)
    }
  }

  #seen(
    resource: string,
    object: KubeObject,
    { kind, signal }: { readonly kind: 'present' | 'deleted'; readonly signal: AbortSignal }
  ): void {
    const { namespace = '', name = '' } = object.metadata
    if (resource === RESOURCES.canaries.resource) {
      const entry = this.#entryOf(namespace, name)
      if (kind === 'present') entry.names = namesOf(object)
      this.#touch(entry, signal)
      return
    }
    for (const entry of this.#entries.values()) {
      if (entry.namespace === namespace && entry.names.has(`${resource}/${name}`)) this.#touch(entry, signal)
    }
  }

  #entryOf(namespace: string, name: string): Entry {
    const key = `${namespace}/${name}`
    const found = this.#entries.get(key)
    if (found !== undefined) return found
    const entry: Entry = {
      namespace,
      name,
      names: new Set(),
      memory: NO_MEMORY,
      running: false,
      again: false,
      failures: 0,
      cancelWake: () => {}
    }
    this.#entries.set(key, entry)
    return entry
  }

  #touch(entry: Entry, signal: AbortSignal): void {
    if (signal.aborted) return
    if (entry.running) {
      entry.again = true
      return
    }
    entry.cancelWake()
    entry.running = true
    this.#turn(entry, signal).catch((error: unknown) => this.#fail(error))
  }

  async #turn(entry: Entry, signal: AbortSignal): Promise<void> {
    const wake = await this.#tick(entry, signal)
    entry.running = false
    if (signal.aborted || wake === 'gone') return
    if (entry.again) {
      entry.again = false
      this.#touch(entry, signal)
      return
    }
    entry.cancelWake = this.#ports.clock.after(wake, () => this.#touch(entry, signal))
  }

  async #tick(entry: Entry, signal: AbortSignal): Promise<Millis | 'gone'> {
    try {
      const result = await tick(this.#ports, entry, entry.memory, signal)
      entry.failures = 0
      if (result.kind === 'gone') {
        this.#entries.delete(`${entry.namespace}/${entry.name}`)
        return 'gone'
      }
      entry.memory = result.memory
      return result.wake
    } catch (error) {
      if (signal.aborted) return 'gone'
      if (!(error instanceof ApiError)) throw error
      const backoff = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** entry.failures++)
      this.#ports.log(`canary ${entry.namespace}/${entry.name}: ${error.message}; again in ${backoff / 1000} s`)
      return Math.max(backoff, (error.retryAfterSeconds ?? 0) * 1000)
    }
  }
}

function namesOf(canary: KubeObject): ReadonlySet<string> {
  const { target, apex } = planOf(canary)
  return new Set([
    `deployments/${target}`,
    `deployments/${target}-primary`,
    ...['', '-canary', '-primary'].map((role) => `services/${apex}${role}`),
    `destinationrules/${apex}-canary`,
    `destinationrules/${apex}-primary`,
    `virtualservices/${apex}`
  ])
}
