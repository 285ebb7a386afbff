import { describe, expect, it } from 'vitest'
import type { DaemonSet, DaemonSetUpdateStrategy } from '../api/builtin-types-apps.ts'
import type { Pod } from '../api/builtin-types-pod.ts'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import { type DaemonSetView, reconcileDaemonSet, REVISION_HASH } from './daemon-set.ts'
import { templateHash } from './template-hash.ts'

const NOW = 1_000_000_000_000
const labels = { app: 'agent' }
const ROLLING: DaemonSetUpdateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
const SURGE: DaemonSetUpdateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }

function daemonSet(change: { spec?: object; metadata?: object; pod?: object } = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'test', uid: 'ds', generation: 3, resourceVersion: '9', ...change.metadata },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'agent', image: 'agent:2' }], ...change.pod } },
      updateStrategy: ROLLING,
      ...change.spec
    }
  }
}

const CURRENT = templateHash(daemonSet().spec.template)

interface Facts {
  readonly hash?: string
  readonly ready?: boolean
  readonly deleted?: boolean
  readonly phase?: 'Failed' | 'Running'
  readonly age?: number
  readonly owner?: string
}

function pod(name: string, { hash = CURRENT, ready = true, deleted = false, phase = 'Running', age = 100, owner = 'ds' }: Facts = {}): Pod {
  const lastTransitionTime = formatInstant(NOW - 60_000)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'test',
      uid: name,
      labels: { ...labels, [REVISION_HASH]: hash },
      creationTimestamp: formatInstant(NOW - age * 1000),
      ...(deleted ? { deletionTimestamp: formatInstant(NOW) } : {}),
      ownerReferences: owner === '' ? [] : [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: owner, controller: true }]
    },
    spec: { containers: [{ name: 'agent' }], nodeName: 'serin' },
    status: { phase, conditions: ready ? [{ type: 'Ready', status: 'True', lastTransitionTime }] : [] }
  }
}

const view = (set: DaemonSet, pods: readonly Pod[]): DaemonSetView => ({
  daemonSet: set,
  pods,
  services: [],
  slices: [],
  node: { name: 'serin', labels: { 'kubernetes.io/os': 'linux' } },
  now: NOW,
  draw: seeded(1)
})

function look(set: DaemonSet, ...pods: readonly Pod[]): { readonly moves: readonly string[]; readonly status: unknown } {
  const { writes } = reconcileDaemonSet(view(set, pods))
  const moves = writes.flatMap((write) =>
    write.kind === 'create'
      ? ['create']
      : write.kind === 'delete'
        ? [`delete ${write.target.name}`]
        : write.kind === 'patch'
          ? [`patch ${write.target.name}`]
          : []
  )
  return { moves, status: writes.find((write) => write.kind === 'patch-status')?.status }
}

describe('a DaemonSet', () => {
  it('makes one pod on the node, with the hash of its template', () => {
    const set = daemonSet({ metadata: { annotations: { 'deprecated.daemonset.template.generation': '4' } } })
    const { writes, events } = reconcileDaemonSet(view(set, []))
    expect(writes[0]).toMatchObject({
      kind: 'create',
      object: {
        metadata: { labels: { ...labels, [REVISION_HASH]: CURRENT, 'pod-template-generation': '4' } },
        spec: { containers: [{ image: 'agent:2' }] }
      }
    })
    expect(events).toMatchObject([{ reason: 'SuccessfulCreate' }])
  })

  it.each([
    ['the label is not there', { nodeSelector: { disk: 'ssd' } }],
    ['it is another node', { nodeName: 'other' }]
  ])('has no pods where the node does not fit: %s', (_, spec) => {
    const set = daemonSet({ pod: spec })
    expect(look(set)).toMatchObject({ moves: [], status: { desiredNumberScheduled: 0, numberMisscheduled: 0 } })
    expect(look(set, pod('a'))).toMatchObject({ moves: ['delete a'], status: { desiredNumberScheduled: 0, numberMisscheduled: 1 } })
  })

  const old = { hash: 'old' }
  it.each([
    ['keeps what is right', ROLLING, [pod('a')], []],
    ['replaces a pod of an old template', ROLLING, [pod('a', old)], ['delete a']],
    ['waits until the old pod is gone', ROLLING, [pod('a', { ...old, deleted: true })], []],
    ['with a surge, makes the new pod first', SURGE, [pod('a', old)], ['create']],
    ['with a surge, keeps the old pod until the new one is available', SURGE, [pod('a', old), pod('b', { ready: false })], []],
    ['with a surge, then deletes the old pod', SURGE, [pod('a', old), pod('b')], ['delete a']],
    ['leaves old pods to those who delete them', { type: 'OnDelete' } as const, [pod('a', old)], []],
    ['lets the younger of two go', ROLLING, [pod('a', { age: 50 }), pod('b', { age: 60 })], ['delete a']],
    ['clears away a pod that failed', ROLLING, [pod('a', { phase: 'Failed', ready: false })], ['delete a']],
    ['adopts a pod that is like its own', ROLLING, [pod('a', { owner: '' })], ['patch a']],
    ['leaves the pods of others', ROLLING, [pod('a', { owner: 'other' })], ['create']]
  ])('%s', (_, updateStrategy, pods, moves) => {
    expect(look(daemonSet({ spec: { updateStrategy } }), ...pods).moves).toEqual(moves)
  })

  it('does nothing but count while it is deleted', () => {
    const set = daemonSet({ metadata: { deletionTimestamp: formatInstant(NOW) } })
    expect(look(set)).toMatchObject({ moves: [], status: { desiredNumberScheduled: 1, numberUnavailable: 1 } })
  })

  it.each([
    ['available', pod('a'), { numberReady: 1, updatedNumberScheduled: 1, numberAvailable: 1 }],
    ['not ready', pod('a', { ready: false }), { numberReady: 0, updatedNumberScheduled: 1, numberUnavailable: 1 }],
    ['of an old template', pod('a', old), { numberReady: 1, numberAvailable: 1 }]
  ])('counts a pod that is %s', (_, one, counts) => {
    const base = { currentNumberScheduled: 1, numberMisscheduled: 0, desiredNumberScheduled: 1, observedGeneration: 3 }
    expect(look(daemonSet({ spec: { updateStrategy: { type: 'OnDelete' } } }), one).status).toEqual({ ...base, ...counts })
  })

  it('looks again when a ready pod will have been ready for long enough', () => {
    const outcome = reconcileDaemonSet(view(daemonSet({ spec: { minReadySeconds: 90 } }), [pod('a')]))
    expect(outcome.wake).toBe(30_000)
    expect(outcome.writes).toMatchObject([{ kind: 'patch-status', status: { numberReady: 1, numberUnavailable: 1 } }])
  })
})
