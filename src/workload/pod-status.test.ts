import { expect, test } from 'vitest'
import type { Pod } from '../api/builtin-types-pod.ts'
import { backOff, podStatus, restarts, type ContainerFact, type ContainerView } from './pod-status.ts'

type Policy = 'Always' | 'Never' | 'OnFailure'
const pod = (restartPolicy: Policy = 'Always'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [], restartPolicy }
})
const view = (fact: ContainerFact, last?: ContainerView['last']): ContainerView => ({
  name: 'web',
  image: 'web:1',
  fact,
  last,
  restarts: last === undefined ? 0 : 1
})
const running = (ready: boolean): ContainerFact => ({ kind: 'running', startedAt: 1000, started: true, ready })
const ended = (exitCode: number): Extract<ContainerFact, { kind: 'terminated' }> => ({
  kind: 'terminated',
  exitCode,
  reason: exitCode === 0 ? 'Completed' : 'Error',
  startedAt: 0,
  finishedAt: 1000
})
const waiting: ContainerFact = { kind: 'waiting', reason: 'ImageNotRunnable', message: 'write a command' }
const statusOf = (of: Pod, containers: ContainerView[], init: ContainerView[] = []): ReturnType<typeof podStatus> =>
  podStatus({ pod: of, podIP: '127.10.0.2', hostIP: '127.0.0.1', startedAt: 0, init, containers, now: 5000 })

test('phase and readiness by what containers do', () => {
  const cases: readonly [Policy, ContainerView[], string, string][] = [
    ['Always', [view(running(true))], 'Running', 'True'],
    ['Always', [view(running(true)), view(running(false))], 'Running', 'False'],
    ['Always', [view(waiting)], 'Pending', 'False'],
    ['Always', [view({ kind: 'waiting', reason: 'CrashLoopBackOff' }, ended(1))], 'Running', 'False'],
    ['Always', [view(ended(0))], 'Running', 'False'],
    ['Never', [view(ended(0))], 'Succeeded', 'False'],
    ['Never', [view(ended(0)), view(ended(2))], 'Failed', 'False'],
    ['OnFailure', [view(ended(2))], 'Running', 'False']
  ]
  for (const [policy, containers, phase, ready] of cases) {
    const status = statusOf(pod(policy), containers)
    expect([status.phase, status.conditions?.find(({ type }) => type === 'Ready')?.status], JSON.stringify(containers)).toEqual([
      phase,
      ready
    ])
  }
})

test('until init containers are done the pod is Pending and not initialized', () => {
  const status = statusOf(pod(), [view({ kind: 'waiting', reason: 'PodInitializing' })], [view(running(true))])
  expect(status.phase).toBe('Pending')
  expect(status.conditions?.[0]).toMatchObject({ type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' })
  expect(statusOf(pod('Never'), [view(waiting)], [view(ended(1))]).phase).toBe('Failed')
})

test('a condition keeps the time since when it holds', () => {
  const first = statusOf(pod(), [view(running(true))])
  const later = podStatus({
    pod: { ...pod(), status: first },
    podIP: '127.10.0.2',
    hostIP: '127.0.0.1',
    startedAt: 0,
    init: [],
    containers: [view(running(false))],
    now: 9000
  })
  expect(later.conditions?.map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime?.slice(-4)}`)).toEqual([
    'Initialized :05Z',
    'Ready :09Z',
    'ContainersReady :09Z',
    'PodScheduled :05Z'
  ])
})

test('crashes wait 1 s, doubling, five minutes at most', () => {
  expect([1, 2, 3, 9, 10, 1000].map(backOff)).toEqual([1000, 2000, 4000, 256_000, 300_000, 300_000])
  expect([restarts('Always', 0), restarts('OnFailure', 0), restarts('OnFailure', 1), restarts('Never', 1)]).toEqual([
    true,
    false,
    true,
    false
  ])
})

test('a container that joined the pod runs as long as the pod does, and is never ready', () => {
  const joined = { ...pod(), spec: { containers: [], ephemeralContainers: [{ name: 'istio-proxy', image: 'serin/mesh' }] } }
  expect(statusOf(joined, [view(running(true))]).ephemeralContainerStatuses).toEqual([
    {
      name: 'istio-proxy',
      state: { running: { startedAt: '1970-01-01T00:00:00Z' } },
      ready: false,
      restartCount: 0,
      image: 'serin/mesh',
      imageID: ''
    }
  ])
  expect(statusOf(pod(), [view(running(true))])).not.toHaveProperty('ephemeralContainerStatuses')
})
