// One container's life: start, probe, end, wait, start again. Says what it does as a ContainerView; decides nothing about the pod.

import { wait, type Millis } from '../std/clock.ts'
import { BACK_OFF_FORGIVEN, backOff, restarts, type ContainerFact, type ContainerView, type Ended } from '../workload/pod-status.ts'
import { afterAnswer, startProbe, type ProbeState } from '../workload/probe-state.ts'
import type { Container, LifecycleHandler, Probe } from '../api/builtin-types-pod.ts'
import type { KubeletOptions, Running } from './kubelet-options.ts'
import { PodLog } from './pod-log.ts'
import { CONTAINER_ID, prepare, type Place, type Prepared } from './prepare.ts'
import { act, tcpConnect, type Answer } from './probe-action.ts'
import { wildcardPorts } from './wildcard.ts'

// A container that cannot start for want of an image or a ConfigMap is tried again this often.
const RETRY: Millis = 3000
// Without a readiness probe a container counts as ready once its first port answers, at the latest after this: a local process has no
// sidecar in front of it that would hold requests back until it listens.
const LISTEN_WAIT: Millis = 10_000
const LISTEN_LOOK: Millis = 50
// Until a container was ready once, readiness and startup are asked more often than periodSeconds says; never more seldom.
const EAGER: Millis = 250
const HOOK_MAX: Millis = 30_000

/** What a runner tells the pod. */
export interface ContainerListener {
  changed(): void
  event(type: 'Normal' | 'Warning', reason: string, message: string): void
}

/** Runs one container until it is stopped or is not to be started again. Owns its process, logs and probe states. */
export class ContainerRunner {
  readonly container: Container
  readonly #place: () => Place
  readonly #options: KubeletOptions
  readonly #listener: ContainerListener
  readonly #stop = new AbortController()
  #fact: ContainerFact = { kind: 'waiting', reason: 'ContainerCreating' }
  #last: Ended | undefined
  #restarts: number
  #crashes = 0
  #running: Running | undefined
  #prepared: Extract<Prepared, { kind: 'ready' }> | undefined
  #blocked = ''
  log: PodLog
  previousLog: PodLog | undefined

  constructor(place: () => Place, options: KubeletOptions, listener: ContainerListener, restarts: number) {
    this.container = place().container
    this.#place = place
    this.#options = options
    this.#listener = listener
    this.#restarts = restarts
    this.log = new PodLog(options.clock)
  }

  view(): ContainerView {
    return { name: this.container.name, image: this.container.image ?? '', fact: this.#fact, last: this.#last, restarts: this.#restarts }
  }

  /** Marks the container as waiting for the init containers. */
  hold(): void {
    this.#fact = { kind: 'waiting', reason: 'PodInitializing' }
  }

  /** Resolves when the container is stopped or finished for good. */
  async run(policy: string | undefined): Promise<Ended | undefined> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const prepared = await this.#prepare(signal)
      if (prepared === undefined) break
      const ended = await this.#once(prepared, signal)
      if (signal.aborted || !restarts(policy, ended.exitCode)) return ended
      await this.#rest(ended, signal)
    }
    return undefined
  }

  /** preStop, SIGTERM, SIGKILL after `grace` in all. Resolves when the process is gone. */
  async end(grace: Millis): Promise<void> {
    const running = this.#running
    const until = this.#options.clock.now() + grace
    this.#stop.abort(new Error('stopped'))
    if (running === undefined) return
    const hook = this.container.lifecycle?.preStop
    if (hook !== undefined && grace > 0) await this.#hook('FailedPreStopHook', hook, grace)
    await running.end(Math.max(0, until - this.#options.clock.now()))
  }

  /** What a command run inside the container starts with; undefined while it does not run. */
  inside(): { readonly env: Readonly<Record<string, string>>; readonly cwd: string } | undefined {
    return this.#running === undefined || this.#prepared === undefined ? undefined : { env: this.#prepared.env, cwd: this.#prepared.cwd }
  }

  async #prepare(signal: AbortSignal): Promise<Extract<Prepared, { kind: 'ready' }> | undefined> {
    while (!signal.aborted) {
      const prepared = await prepare(this.#place(), this.#options, signal).catch(() => undefined)
      if (prepared?.kind === 'ready') return prepared
      if (prepared !== undefined && prepared.message !== this.#blocked) {
        this.#blocked = prepared.message
        this.#set({ kind: 'waiting', reason: prepared.reason, message: prepared.message })
        this.#listener.event('Warning', prepared.reason, prepared.message)
      }
      await this.#pause(RETRY, signal)
    }
    return undefined
  }

  async #once(prepared: Extract<Prepared, { kind: 'ready' }>, signal: AbortSignal): Promise<Ended> {
    const startedAt = this.#options.clock.now()
    const log = new PodLog(this.#options.clock)
    if (this.#restarts > 0 || this.#last !== undefined) this.previousLog = this.log
    this.log = log
    this.#prepared = prepared
    try {
      const running = await this.#options.processes.spawn({
        ...prepared,
        role: 'pod',
        whole: CONTAINER_ID,
        onLine: (line) => log.append(line)
      })
      if (signal.aborted) await running.end(0)
      this.#running = running
      this.#listener.event('Normal', 'Started', `Started container ${this.container.name}`)
      const life = new AbortController()
      const watching = this.#watch(running, startedAt, AbortSignal.any([life.signal, signal]))
      const { code, signal: by } = await running.exited
      life.abort(new Error('exited'))
      await watching
      return this.#ended({
        exitCode: code,
        reason: code === 0 ? 'Completed' : 'Error',
        ...(by === undefined ? {} : { message: by }),
        startedAt
      })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#listener.event('Warning', 'Failed', message)
      return this.#ended({ exitCode: 128, reason: 'StartError', message, startedAt })
    }
  }

  #ended(end: Omit<Ended, 'kind' | 'finishedAt'>): Ended {
    const ended: Ended = { ...end, kind: 'terminated', finishedAt: this.#options.clock.now() }
    this.#running = undefined
    this.#last = ended
    this.log.close()
    this.#set(ended)
    return ended
  }

  async #rest(ended: Ended, signal: AbortSignal): Promise<void> {
    this.#crashes = ended.finishedAt - ended.startedAt >= BACK_OFF_FORGIVEN ? 1 : this.#crashes + 1
    const delay = backOff(this.#crashes)
    const { name: pod, namespace, uid } = this.#place().pod.metadata
    const [container, where] = [this.container.name, `${pod}_${namespace}(${uid})`]
    const message = `back-off ${delay / 1000}s restarting failed container=${container} pod=${where}`
    this.#set({ kind: 'waiting', reason: 'CrashLoopBackOff', message })
    this.#listener.event('Warning', 'BackOff', `Back-off restarting failed container ${container} in pod ${where}`)
    await this.#pause(delay, signal)
    this.#restarts += 1
  }

  // Startup, then readiness and liveness side by side, for one process.
  async #watch(running: Running, startedAt: Millis, signal: AbortSignal): Promise<void> {
    const { lifecycle } = this.container
    const [startupProbe, livenessProbe, readinessProbe] = [
      askable(this.container.startupProbe),
      askable(this.container.livenessProbe),
      askable(this.container.readinessProbe)
    ]
    this.#set({ kind: 'running', startedAt, started: false, ready: false })
    if (lifecycle?.postStart !== undefined && !(await this.#hook('FailedPostStartHook', lifecycle.postStart, HOOK_MAX))) void running.end(0)
    if (startupProbe !== undefined && !(await this.#startup(startupProbe, running, signal))) return
    if (signal.aborted) return
    this.#set({ kind: 'running', startedAt, started: true, ready: false })
    const ready = (verdict: boolean): void => this.#set({ kind: 'running', startedAt, started: true, ready: verdict })
    await Promise.all([
      readinessProbe === undefined
        ? this.#listens(signal, ready)
        : this.#ask('Readiness', readinessProbe, signal, (state) => ready(state.verdict === 'passed')),
      livenessProbe === undefined
        ? undefined
        : this.#ask('Liveness', livenessProbe, signal, (state) => this.#alive('liveness', livenessProbe, running, state)),
      this.#reportWildcard(running, signal)
    ])
  }

  async #startup(probe: Probe, running: Running, signal: AbortSignal): Promise<boolean> {
    let passed = false
    const done = new AbortController()
    await this.#ask('Startup', probe, AbortSignal.any([signal, done.signal]), (state) => {
      passed = state.verdict === 'passed'
      if (state.verdict === 'failed') this.#alive('startup', probe, running, state)
      if (state.verdict !== 'open') done.abort(new Error('decided'))
    })
    return passed
  }

  #alive(kind: 'liveness' | 'startup', probe: Probe, running: Running, state: ProbeState): void {
    if (state.verdict !== 'failed') return
    this.#listener.event('Normal', 'Killing', `Container ${this.container.name} failed ${kind} probe, will be restarted`)
    const seconds = probe.terminationGracePeriodSeconds ?? this.#place().pod.spec.terminationGracePeriodSeconds ?? 30
    void running.end(seconds * 1000)
  }

  async #ask(
    kind: 'Startup' | 'Readiness' | 'Liveness',
    probe: Probe,
    signal: AbortSignal,
    heard: (state: ProbeState) => void
  ): Promise<void> {
    const { clock } = this.#options
    let state = startProbe(probe, kind === 'Readiness' ? 'failed' : kind === 'Liveness' ? 'passed' : 'open', clock.now())
    let eager = kind === 'Readiness'
    while (!signal.aborted) {
      const until = eager && state.failures > 0 ? Math.min(state.nextAt, clock.now() + EAGER) : state.nextAt
      await this.#pause(Math.max(0, until - clock.now()), signal)
      if (signal.aborted) return
      const answer = await this.#act(probe, (probe.timeoutSeconds ?? 1) * 1000)
      if (signal.aborted) return
      state = afterAnswer(probe, state, answer.kind, clock.now())
      if (answer.kind === 'failure' && !eager) this.#listener.event('Warning', 'Unhealthy', `${kind} probe failed: ${answer.because}`)
      if (state.verdict === 'passed') eager = false
      heard(state)
    }
  }

  async #listens(signal: AbortSignal, ready: (verdict: boolean) => void): Promise<void> {
    const port = this.container.ports?.find(({ protocol = 'TCP' }) => protocol === 'TCP')?.containerPort
    const until = this.#options.clock.now() + (port === undefined ? 0 : LISTEN_WAIT)
    while (!signal.aborted && this.#options.clock.now() < until) {
      if ((await tcpConnect(this.#place().podIP, port ?? 0, 1000)).kind === 'success') break
      await this.#pause(LISTEN_LOOK, signal)
    }
    if (!signal.aborted) ready(true)
  }

  async #reportWildcard(running: Running, signal: AbortSignal): Promise<void> {
    for (const delay of [1000, 5000]) {
      await this.#pause(delay, signal)
      const ports = signal.aborted ? [] : wildcardPorts(running.pid)
      if (ports.length === 0) continue
      const message =
        `container ${this.container.name} listens on every address at port ${ports.join(', ')}, which takes the port from all other pods: ` +
        'make it listen on the address in HOST (or POD_IP)'
      this.#listener.event('Warning', 'WildcardBind', message)
      return
    }
  }

  async #hook(reason: string, action: LifecycleHandler, timeout: Millis): Promise<boolean> {
    const answer = await this.#act(action, timeout)
    if (answer.kind === 'failure') this.#listener.event('Warning', reason, answer.because)
    return answer.kind === 'success'
  }

  #act(action: LifecycleHandler, timeout: Millis): Promise<Answer> {
    const { clock } = this.#options
    return act(
      action,
      { podIP: this.#place().podIP, container: this.container, clock, exec: (command, limit) => this.#exec(command, limit) },
      timeout
    )
  }

  async #exec(command: readonly string[], timeout: Millis): Promise<{ readonly code: number; readonly output: string }> {
    const inside = this.inside()
    const [program, ...args] = command
    if (inside === undefined || program === undefined) return { code: 126, output: 'the container does not run' }
    let output = ''
    try {
      const onLine = (line: string): void => void (output = `${output}${line}\n`.slice(0, 1000))
      const running = await this.#options.processes.spawn({
        command: [program, ...args],
        env: inside.env,
        cwd: inside.cwd,
        role: 'pod',
        onLine
      })
      const cancel = this.#options.clock.after(timeout, () => void running.end(0))
      const { code } = await running.exited
      cancel()
      return { code, output }
    } catch (error) {
      return { code: 127, output: error instanceof Error ? error.message : String(error) }
    }
  }

  #pause(delay: Millis, signal: AbortSignal): Promise<void> {
    return wait(this.#options.clock, delay, signal).catch(() => undefined)
  }

  #set(fact: ContainerFact): void {
    if (JSON.stringify(fact) === JSON.stringify(this.#fact)) return
    this.#fact = fact
    this.#listener.changed()
  }
}

// A probe of a kind that is not asked (gRPC, named in an Event) must not end a container: it counts as not given.
function askable(probe: Probe | undefined): Probe | undefined {
  const known = probe?.httpGet !== undefined || probe?.tcpSocket !== undefined || probe?.exec !== undefined
  return known ? probe : undefined
}
