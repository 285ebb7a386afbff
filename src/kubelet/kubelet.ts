// The kubelet: every Pod the API holds runs as local processes at an address of its own; Pods that go are ended, then confirmed.

import { Reflector } from '../kube/reflector.ts'
import type { Millis } from '../std/clock.ts'
import { allocateAddress, isAllocatable } from '../workload/allocate-address.ts'
import { PODS } from '../workload/meta.ts'
import type { EphemeralContainer, Pod } from '../api/builtin-types-pod.ts'
import type { ExecExit, ExecStreams, LogRequest, PodName } from '../kube/pod-access.ts'
import type { KubeletOptions } from './kubelet-options.ts'
import { execIn } from './pod-exec.ts'
import { PodRunner } from './pod-runner.ts'

const SIDECAR = 'istio-proxy'
/** The mesh's own processes stand for it. */
const SIDECAR_IMAGE = 'serin/istio-proxy'
// The object was removed without asking: its processes get this long.
const ORPHAN_GRACE: Millis = 1000

/** A failure as the API server prints it. */
interface Failure {
  readonly code: number
  readonly reason: string
  readonly message: string
}

/** Runs Pods, serves their logs and exec (server's PodAccess). Owns the runners and the addresses given out. */
export class Kubelet {
  readonly #options: KubeletOptions
  readonly #pods = new Map<string, { readonly runner: PodRunner; readonly name: PodName }>()
  readonly #stopped = new AbortController()
  #last: string | undefined
  #following: Promise<void> = Promise.resolve()

  constructor(options: KubeletOptions) {
    this.#options = options
  }

  /** Lists Pods, starts what should run and follows changes until `stop`. Resolves after the first list. */
  async start(): Promise<void> {
    const { client, clock, draw } = this.#options
    let listed = false
    const reflector = new Reflector({
      client,
      clock,
      draw,
      query: PODS,
      onEvent: ({ kind, object }) => {
        if (!listed) return
        if (kind === 'deleted') this.#remove(object.metadata.uid ?? '')
        // The API server decoded it.
        else this.#see(object as Pod, false)
      }
    })
    this.#following = reflector.run(this.#stopped.signal)
    await Promise.race([reflector.whenSynced(), this.#following])
    listed = true
    this.#resume(reflector.objects() as readonly Pod[])
  }

  /** Settles when nothing is followed any more; rejects for a bug. */
  get following(): Promise<void> {
    return this.#following
  }

  /** Ends every process within `grace` each and leaves the Pod objects as they are: the next start goes on with them. */
  async stop(grace: Millis): Promise<void> {
    this.#stopped.abort(new Error('stopped'))
    await Promise.allSettled([this.#following])
    await Promise.all([...this.#pods.values()].map(({ runner }) => runner.abandon(grace)))
  }

  log(
    pod: PodName,
    container: string,
    options: LogRequest
  ): { kind: 'log'; chunks: AsyncIterable<Uint8Array> } | { kind: 'failure'; status: Failure } {
    const { sidecar } = this.#options
    if (container === SIDECAR && sidecar?.log !== undefined)
      return options.previous ? noPrevious(pod, container) : { kind: 'log', chunks: sidecar.log(pod, options) }
    const runner = this.#find(pod)?.container(container)
    const message = `container "${container}" in pod "${pod.name}" is waiting to start: ContainerCreating`
    if (runner === undefined) return { kind: 'failure', status: { code: 400, reason: 'BadRequest', message } }
    const { fact, last } = runner.view()
    if (options.previous) {
      if (runner.previousLog !== undefined) return { kind: 'log', chunks: runner.previousLog.read(options) }
      return noPrevious(pod, container)
    }
    if (fact.kind === 'waiting' && last === undefined) {
      const waiting = `container "${container}" in pod "${pod.name}" is waiting to start: ${fact.reason}`
      return { kind: 'failure', status: { code: 400, reason: 'BadRequest', message: waiting } }
    }
    return { kind: 'log', chunks: runner.log.read(options) }
  }

  exec(pod: PodName, container: string, command: readonly string[], streams: ExecStreams): Promise<ExecExit> {
    const { sidecar } = this.#options
    if (container === SIDECAR && sidecar?.exec !== undefined) return sidecar.exec(pod, command, streams)
    const inside = this.#find(pod)?.container(container)?.inside()
    if (inside === undefined)
      return Promise.resolve({ kind: 'failed', message: `container "${container}" of pod "${pod.name}" is not running` })
    return execIn(inside, command, streams, this.#options)
  }

  #find({ namespace, name }: PodName): PodRunner | undefined {
    return [...this.#pods.values()].find((each) => each.name.namespace === namespace && each.name.name === name)?.runner
  }

  // Pods that ran before keep their addresses, so these are taken before any new one is given.
  #resume(pods: readonly Pod[]): void {
    const known = (pod: Pod): number => (isAllocatable(this.#options.podPrefix, pod.status?.podIP ?? '') ? 0 : 1)
    for (const pod of pods.toSorted((a, b) => known(a) - known(b))) this.#see(pod, true)
  }

  #see(pod: Pod, first: boolean): void {
    const uid = pod.metadata.uid ?? ''
    const known = this.#pods.get(uid)
    const leaving = pod.metadata.deletionTimestamp !== undefined
    if (known === undefined && isFinished(pod) && !leaving) return
    const runner = known?.runner ?? this.#admit(pod, first)
    if (runner === undefined) return
    runner.update(pod)
    if (leaving) {
      void runner.end(graceOf(pod), 'confirm').then(() => this.#pods.delete(uid))
      return
    }
    if (known === undefined) void this.#begin(pod, runner)
  }

  #admit(pod: Pod, first: boolean): PodRunner | undefined {
    const { podPrefix } = this.#options
    const taken = new Set([...this.#pods.values()].map(({ runner }) => runner.podIP))
    const kept = pod.status?.podIP ?? ''
    const resumed = isAllocatable(podPrefix, kept) && !taken.has(kept)
    const podIP = resumed ? kept : allocateAddress(podPrefix, taken, this.#last)
    if (podIP === undefined) {
      this.#options.event(pod, 'Warning', 'NoAddress', `every address of ${podPrefix}.0.0/16 is taken`)
      return undefined
    }
    this.#last = podIP
    const { uid = '', namespace = '', name = '' } = pod.metadata
    const runner = new PodRunner(pod, podIP, this.#options, first && pod.status?.containerStatuses !== undefined)
    this.#pods.set(uid, { runner, name: { namespace, name } })
    return runner
  }

  async #begin(pod: Pod, runner: PodRunner): Promise<void> {
    const { client, nodeName } = this.#options
    const { namespace = '', name = '', uid } = pod.metadata
    const spec = { ...(pod.spec.nodeName === undefined ? { nodeName } : {}), ...this.#joining(pod) }
    if (Object.keys(spec).length > 0) {
      const { signal } = this.#stopped
      await client
        .patch({ ...PODS, namespace, name }, { kind: 'merge', body: { metadata: { uid }, spec } }, { signal })
        .catch(() => undefined)
    }
    if (pod.spec.nodeName === undefined)
      this.#options.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${nodeName}`)
    if (!this.#stopped.signal.aborted) await runner.run()
  }

  // kubectl shows logs only of containers that a pod's spec names: the proxy joins as an ephemeral one, which needs no process and does not
  // count for readiness.
  #joining({ spec }: Pod): { readonly ephemeralContainers?: readonly EphemeralContainer[] } {
    const isThere = [...spec.containers, ...(spec.initContainers ?? [])].some(({ name }) => name === SIDECAR)
    if (this.#options.sidecar?.log === undefined || isThere || spec.ephemeralContainers !== undefined) return {}
    return { ephemeralContainers: [{ name: SIDECAR, image: SIDECAR_IMAGE }] }
  }

  #remove(uid: string): void {
    const known = this.#pods.get(uid)
    if (known === undefined) return
    void known.runner.end(ORPHAN_GRACE, 'gone').then(() => this.#pods.delete(uid))
  }
}

function noPrevious(pod: PodName, container: string): { readonly kind: 'failure'; readonly status: Failure } {
  const message = `previous terminated container "${container}" in pod "${pod.name}" not found`
  return { kind: 'failure', status: { code: 400, reason: 'BadRequest', message } }
}

function graceOf(pod: Pod): Millis {
  return (pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}
