// One Pod's life on this machine: init containers in order, then its containers; its status written whenever it changes; its end.

import { wait, type Millis } from '../std/clock.ts'
import { ApiError, type ObjectKey } from '../kube/kube-client.ts'
import { ignoredFields } from '../workload/ignored-fields.ts'
import { PODS, statusPatch } from '../workload/meta.ts'
import type { Container, Pod } from '../api/builtin-types-pod.ts'
import { podStatus } from '../workload/pod-status.ts'
import { ContainerRunner } from './container-runner.ts'
import type { KubeletOptions } from './kubelet-options.ts'

// How long a pod's end waits for the data plane to let go of it.
const DRAIN_WAIT: Millis = 5000
const WRITE_RETRY: Millis = 250

/** Runs a Pod. Owns its containers' runners and its status. */
export class PodRunner {
  readonly podIP: string
  readonly #options: KubeletOptions
  readonly #startedAt: Millis
  readonly #init: readonly ContainerRunner[]
  readonly #containers: readonly ContainerRunner[]
  readonly #gone = new AbortController()
  #pod: Pod
  #written: object
  #dirty = false
  #writing = false
  #ending: Promise<void> | undefined

  /** `resumed`: the Pod ran under an earlier control process; its containers count one restart more. */
  constructor(pod: Pod, podIP: string, options: KubeletOptions, resumed: boolean) {
    this.#pod = pod
    this.podIP = podIP
    this.#options = options
    this.#startedAt = options.clock.now()
    this.#written = pod.status ?? {}
    const runner = (container: Container): ContainerRunner => {
      const before = pod.status?.containerStatuses?.find(({ name }) => name === container.name)
      const count = before === undefined ? 0 : before.restartCount + (resumed && before.state?.waiting === undefined ? 1 : 0)
      const place = (): { pod: Pod; podIP: string; container: Container } => ({ pod: this.#pod, podIP, container })
      return new ContainerRunner(
        place,
        options,
        { changed: () => this.#changed(), event: (...event) => options.event(this.#pod, ...event) },
        count
      )
    }
    this.#init = (pod.spec.initContainers ?? []).map(runner)
    this.#containers = pod.spec.containers.map(runner)
  }

  /** The newest copy of the Pod. */
  update(pod: Pod): void {
    this.#pod = pod
  }

  container(name: string): ContainerRunner | undefined {
    return [...this.#containers, ...this.#init].find(({ container }) => container.name === name)
  }

  /** Starts everything; resolves when the Pod is finished or was ended. */
  async run(): Promise<void> {
    const ignored = ignoredFields(this.#pod.spec)
    if (ignored.length > 0) {
      this.#options.event(this.#pod, 'Warning', 'FieldsIgnored', `stored but without effect on local processes: ${ignored.join(', ')}`)
    }
    if (this.#init.length > 0) for (const each of this.#containers) each.hold()
    this.#changed()
    const policy = this.#pod.spec.restartPolicy
    for (const each of this.#init) {
      const ended = await each.run(policy === 'Never' ? 'Never' : 'OnFailure')
      if (ended === undefined || ended.exitCode !== 0) return
    }
    await Promise.all(this.#containers.map((each) => each.run(policy)))
  }

  /**
   * Ends the Pod, once: waits (bounded) for the data plane, then ends the containers within `grace`, then confirms with a DELETE of
   * grace 0 unless the object is gone already.
   */
  end(grace: Millis, object: 'confirm' | 'gone'): Promise<void> {
    this.#ending ??= this.#end(grace, object)
    return this.#ending
  }

  /** Ends the processes within `graceMax` and leaves the object alone: the control process stops, the Pod stays. */
  async abandon(graceMax: Millis): Promise<void> {
    this.#gone.abort(new Error('abandoned'))
    const grace = Math.min(graceMax, (this.#pod.spec.terminationGracePeriodSeconds ?? 30) * 1000)
    await Promise.all([...this.#init, ...this.#containers].map((each) => each.end(grace)))
  }

  async #end(grace: Millis, object: 'confirm' | 'gone'): Promise<void> {
    const { client, clock } = this.#options
    for (const { container } of this.#containers)
      this.#options.event(this.#pod, 'Normal', 'Killing', `Stopping container ${container.name}`)
    const limit = new AbortController()
    const cancel = clock.after(DRAIN_WAIT, () => limit.abort(new Error('drained too slowly')))
    await Promise.race([this.#options.drained(this.#pod, limit.signal).catch(() => undefined), aborted(limit.signal)])
    cancel()
    await Promise.all([...this.#init, ...this.#containers].map((each) => each.end(grace)))
    this.#gone.abort(new Error('ended'))
    if (object === 'gone') return
    const { uid = '' } = this.#pod.metadata
    await this.#retry(() => client.delete(this.#key(), { signal: new AbortController().signal, uid, gracePeriodSeconds: 0 }))
  }

  #changed(): void {
    this.#dirty = true
    if (this.#writing) return
    void this.#write()
  }

  // One write at a time; what changed meanwhile goes into the next one.
  async #write(): Promise<void> {
    const { signal } = this.#gone
    this.#writing = true
    try {
      while (this.#dirty && !signal.aborted) {
        this.#dirty = false
        const status = podStatus({
          pod: { ...this.#pod, status: this.#written },
          podIP: this.podIP,
          hostIP: '127.0.0.1',
          startedAt: this.#startedAt,
          init: this.#init.map((each) => each.view()),
          containers: this.#containers.map((each) => each.view()),
          now: this.#options.clock.now()
        })
        const patch = statusPatch(this.#written, status)
        if (patch === undefined) continue
        const body = { metadata: { uid: this.#pod.metadata.uid }, status: patch }
        await this.#retry(() => this.#options.client.patch(this.#key(), { kind: 'merge', body }, { signal, subresource: 'status' }))
        this.#written = status
      }
    } finally {
      this.#writing = false
    }
  }

  // Until it is done, or there is no such Pod any more.
  async #retry(call: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await call()
        return
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) return
        if (this.#gone.signal.aborted && !(error instanceof ApiError)) return
        await wait(this.#options.clock, WRITE_RETRY, new AbortController().signal)
      }
    }
  }

  #key(): ObjectKey {
    const { namespace = '', name = '' } = this.#pod.metadata
    return { ...PODS, namespace, name }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
