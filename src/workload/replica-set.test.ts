import { expect, test } from 'vitest'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import type { ReplicaSet } from '../api/builtin-types-apps.ts'
import type { Service } from '../api/builtin-types.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { isAvailable, reconcileReplicaSet, victims } from './replica-set.ts'

const NOW = 1_000_000_000_000
const labels = { app: 'web' }

interface Facts {
  readonly node?: boolean
  readonly phase?: 'Failed' | 'Pending' | 'Running'
  readonly readyFor?: number
  readonly age?: number
  readonly restarts?: number
  readonly owner?: string
  readonly labels?: Record<string, string>
  readonly cost?: string
}

function pod(name: string, facts: Facts = {}): Pod {
  const { node = true, phase = 'Running', readyFor, age = 100, restarts = 0, owner = 'rs' } = facts
  const ready =
    readyFor === undefined ? [] : [{ type: 'Ready', status: 'True' as const, lastTransitionTime: formatInstant(NOW - readyFor * 1000) }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'test',
      uid: name,
      labels: facts.labels ?? labels,
      annotations: facts.cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': facts.cost },
      creationTimestamp: formatInstant(NOW - age * 1000),
      ownerReferences: owner === '' ? [] : [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }]
    },
    spec: { containers: [{ name: 'web' }], ...(node ? { nodeName: 'node' } : {}) },
    status: {
      phase,
      conditions: ready,
      containerStatuses: [
        { name: 'web', image: '', imageID: '', ready: true, started: true, restartCount: restarts, state: {}, lastState: {} }
      ]
    }
  }
}

const replicaSet = (replicas: number, minReadySeconds = 0): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web-abc', namespace: 'test', uid: 'rs', generation: 4, resourceVersion: '9' },
  spec: {
    replicas,
    minReadySeconds,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web' }] } }
  }
})
const look = (wanted: ReplicaSet, pods: readonly Pod[]): ReturnType<typeof reconcileReplicaSet> =>
  reconcileReplicaSet({ replicaSet: wanted, pods, services: [], slices: [], now: NOW, draw: seeded(1) })

test('the pods of least use go first', () => {
  const order = [
    pod('unscheduled', { node: false, phase: 'Pending' }),
    pod('pending', { phase: 'Pending' }),
    pod('not-ready'),
    pod('cheap', { readyFor: 50, cost: '-5' }),
    pod('ready-later', { readyFor: 5 }),
    pod('restarted', { readyFor: 50, restarts: 3 }),
    pod('newer', { readyFor: 50, age: 60 }),
    pod('older', { readyFor: 50, age: 90 })
  ]
  expect(victims([...order].reverse(), 8, NOW).map((each) => each.metadata.name)).toEqual(order.map((each) => each.metadata.name))
})

test('missing pods are created under the template with names of their own', () => {
  const { writes, events } = look(replicaSet(3), [pod('web-abc-old')])
  const created = writes.flatMap((write) => (write.kind === 'create' ? [write.object] : []))
  expect(created).toHaveLength(2)
  expect(new Set(created.map((object) => object.metadata.name)).size).toBe(2)
  for (const object of created) {
    expect(object.metadata.name).toMatch(/^web-abc-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(object.metadata).toMatchObject({ generateName: 'web-abc-', labels, ownerReferences: [{ uid: 'rs', controller: true }] })
  }
  expect(events[0]?.message).toBe(`Created pod: ${created[0]?.metadata.name}`)
})

test('matching orphans are adopted, relabelled pods released, strangers left alone', () => {
  const pods = [pod('orphan', { owner: '' }), pod('relabelled', { labels: { app: 'debug' } }), pod('other', { owner: 'elsewhere' })]
  const { writes } = look(replicaSet(1), pods)
  const patches = writes.flatMap((write) => (write.kind === 'patch' ? [[write.target.name, write.body]] : []))
  expect(patches).toEqual([
    ['orphan', { metadata: { ownerReferences: [expect.objectContaining({ uid: 'rs', controller: true })] } }],
    ['relabelled', { metadata: { ownerReferences: [] } }]
  ])
  expect(writes.some((write) => write.kind === 'create' || write.kind === 'delete')).toBe(false)
})

test('finished and leaving pods do not count; status counts the rest', () => {
  const leaving = { ...pod('leaving', { readyFor: 9 }), metadata: { ...pod('leaving').metadata, deletionTimestamp: formatInstant(NOW) } }
  const { writes } = look(replicaSet(2), [pod('a', { readyFor: 9 }), pod('b'), pod('done', { phase: 'Failed' }), leaving])
  expect(writes).toEqual([
    expect.objectContaining({
      kind: 'patch-status',
      status: { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 1, availableReplicas: 1, observedGeneration: 4 }
    })
  ])
})

test('minReadySeconds delays availability and says when to look again', () => {
  const fresh = pod('fresh', { readyFor: 4 })
  expect(isAvailable(fresh, 10, NOW)).toBe(false)
  expect(look(replicaSet(1, 10), [fresh]).wake).toBe(6000)
  expect(isAvailable(fresh, 4, NOW)).toBe(true)
})

test('a ready pod that its Service does not list yet is not available, and is looked at again when that does not matter any more', () => {
  const fresh = pod('fresh', { readyFor: 4 })
  const at: Pod = { ...fresh, status: { ...fresh.status, podIP: '127.42.0.1' } }
  const web: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'test', creationTimestamp: formatInstant(NOW - 9000) },
    spec: { selector: labels }
  }
  const { writes, wake } = reconcileReplicaSet({
    replicaSet: replicaSet(1),
    pods: [at],
    services: [web],
    slices: [],
    now: NOW,
    draw: seeded(1)
  })
  expect(writes).toEqual([
    expect.objectContaining({ status: { replicas: 1, fullyLabeledReplicas: 1, readyReplicas: 1, observedGeneration: 4 } })
  ])
  expect(wake).toBe(6000)
})

test('a ReplicaSet being deleted creates nothing', () => {
  const going = { ...replicaSet(3), metadata: { ...replicaSet(3).metadata, deletionTimestamp: formatInstant(NOW) } }
  expect(look(going, []).writes.map(({ kind }) => kind)).toEqual(['patch-status'])
})
