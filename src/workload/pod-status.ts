// A Pod's status from what its containers do: phase, conditions, container statuses; and how long a crashed container waits.

import type { Millis } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import type { ContainerState, ContainerStatus, PodCondition, PodStatus } from '../api/builtin-types-pod-status.ts'

/** What a container does now. */
export type ContainerFact =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: Millis; readonly started: boolean; readonly ready: boolean }
  | Ended

/** How a container's process ended. */
export interface Ended {
  readonly kind: 'terminated'
  readonly exitCode: number
  readonly reason: string
  readonly message?: string
  readonly startedAt: Millis
  readonly finishedAt: Millis
}

/** A container as the kubelet sees it. */
export interface ContainerView {
  readonly name: string
  readonly image: string
  readonly fact: ContainerFact
  readonly last: Ended | undefined
  readonly restarts: number
}

/** What a status is made of. */
export interface PodView {
  readonly pod: Pod
  readonly podIP: string
  readonly hostIP: string
  readonly startedAt: Millis
  readonly init: readonly ContainerView[]
  readonly containers: readonly ContainerView[]
  readonly now: Millis
}

const BACK_OFF_FIRST: Millis = 1000
const BACK_OFF_MAX: Millis = 300_000
/** A container that ran this long is forgiven: its next crash waits the first delay again. */
export const BACK_OFF_FORGIVEN: Millis = 600_000

/** How long the `crashes`-th crash in a row (from 1) waits: 1 s, doubling, at most 5 min. */
export function backOff(crashes: number): Millis {
  return Math.min(BACK_OFF_MAX, BACK_OFF_FIRST * 2 ** Math.min(20, Math.max(0, crashes - 1)))
}

/** Does restartPolicy (default Always) start a container again that exited so? */
export function restarts(policy: string | undefined, exitCode: number): boolean {
  return policy === 'Never' ? false : policy === 'OnFailure' ? exitCode !== 0 : true
}

/** The whole status; transition times are kept from the Pod's status where a condition's status stays. */
export function podStatus(view: PodView): PodStatus {
  const { pod, podIP, hostIP } = view
  const phase = phaseOf(view)
  return {
    phase,
    conditions: conditionsOf(view, phase),
    hostIP,
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: pod.status?.startTime ?? formatInstant(view.startedAt),
    ...(view.init.length > 0 ? { initContainerStatuses: view.init.map(statusOf) } : {}),
    containerStatuses: view.containers.map(statusOf),
    ...joinedStatuses(view)
  }
}

/** Ephemeral containers are no processes here: they are there as long as the pod is. Like a cluster's, they are never ready. */
function joinedStatuses({ pod, startedAt }: PodView): Pick<PodStatus, 'ephemeralContainerStatuses'> {
  const { ephemeralContainers = [] } = pod.spec
  if (ephemeralContainers.length === 0) return {}
  const state = { running: { startedAt: pod.status?.startTime ?? formatInstant(startedAt) } }
  return {
    ephemeralContainerStatuses: ephemeralContainers.map(({ name, image = '' }) => ({
      name,
      state,
      ready: false,
      restartCount: 0,
      image,
      imageID: ''
    }))
  }
}

function initialized({ init }: PodView): boolean {
  return init.every(({ fact }) => fact.kind === 'terminated' && fact.exitCode === 0)
}

// core/v1 PodPhase: Pending until every container ran once; finished only when none will be started again.
function phaseOf(view: PodView): NonNullable<PodStatus['phase']> {
  const policy = view.pod.spec.restartPolicy
  const failedInit = view.init.some(({ fact }) => fact.kind === 'terminated' && fact.exitCode !== 0 && policy === 'Never')
  if (failedInit) return 'Failed'
  if (!initialized(view)) return 'Pending'
  const facts = view.containers.map(({ fact }) => fact)
  const finished = facts.every((fact) => fact.kind === 'terminated' && !restarts(policy, fact.exitCode))
  if (finished) return facts.every((fact) => fact.kind === 'terminated' && fact.exitCode === 0) ? 'Succeeded' : 'Failed'
  return view.containers.some(({ fact, last }) => fact.kind === 'waiting' && last === undefined) ? 'Pending' : 'Running'
}

function conditionsOf(view: PodView, phase: string): PodCondition[] {
  const unready = view.containers.filter(({ fact }) => fact.kind !== 'running' || !fact.ready).map(({ name }) => name)
  const notReady =
    phase === 'Succeeded'
      ? { reason: 'PodCompleted' }
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
  const waiting = view.init.filter(({ fact }) => fact.kind !== 'terminated' || fact.exitCode !== 0).map(({ name }) => name)
  const notInitialized = { reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${waiting.join(' ')}]` }
  return [
    condition(view, 'Initialized', initialized(view) ? undefined : notInitialized),
    condition(view, 'Ready', unready.length === 0 ? undefined : notReady),
    condition(view, 'ContainersReady', unready.length === 0 ? undefined : notReady),
    condition(view, 'PodScheduled', undefined)
  ]
}

function condition(view: PodView, type: string, fault: { readonly reason: string; readonly message?: string } | undefined): PodCondition {
  const status = fault === undefined ? 'True' : 'False'
  const old = view.pod.status?.conditions?.find((each) => each.type === type)
  const since = old?.status === status ? old.lastTransitionTime : undefined
  return { type, status, ...fault, lastTransitionTime: since ?? formatInstant(view.now) }
}

function statusOf(view: ContainerView): ContainerStatus {
  const { fact } = view
  return {
    name: view.name,
    image: view.image,
    imageID: '',
    ready: fact.kind === 'running' ? fact.ready : false,
    started: fact.kind === 'running' && fact.started,
    restartCount: view.restarts,
    state: stateOf(fact),
    lastState: view.last === undefined ? {} : stateOf(view.last)
  }
}

function stateOf(fact: ContainerFact): ContainerState {
  switch (fact.kind) {
    case 'waiting':
      return { waiting: { reason: fact.reason, ...(fact.message === undefined ? {} : { message: fact.message }) } }
    case 'running':
      return { running: { startedAt: formatInstant(fact.startedAt) } }
    case 'terminated':
      return {
        terminated: {
          exitCode: fact.exitCode,
          reason: fact.reason,
          ...(fact.message === undefined ? {} : { message: fact.message }),
          startedAt: formatInstant(fact.startedAt),
          finishedAt: formatInstant(fact.finishedAt)
        }
      }
  }
}
