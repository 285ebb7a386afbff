import { expect, test } from 'vitest'
import { canaryOf, configMapOf, configViewOf, readingSpec } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { trackedConfigs } from './configs.ts'
import {
  copyToDaemonSet,
  daemonSetReadiness,
  isNowhere,
  NOWHERE,
  primaryDaemonSet,
  scaleDaemonSet,
  strategyFault,
  templateOf
} from './daemon-set.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { planOf } from '../canary/plan.ts'
import type { PrimarySource } from './render-deployment.ts'
import { revisionOf } from './revision.ts'

const canary = canaryOf({}, { targetRef: { kind: 'DaemonSet', name: 'api' } })

function daemonSet(nodeSelector?: Readonly<Record<string, string>>, spec: Record<string, unknown> = {}): KubeObject {
  const pod = { ...readingSpec('api:1', { configMaps: ['colours'] }), ...(nodeSelector === undefined ? {} : { nodeSelector }) }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'api', namespace: 'test', generation: 3 },
    spec: {
      minReadySeconds: 4,
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: { app: 'api', tier: 't' } },
      template: { metadata: { labels: { app: 'api', tier: 't' } }, spec: pod },
      ...spec
    }
  }
}

const source = (target: KubeObject): PrimarySource => ({
  canary,
  plan: planOf(canary),
  target,
  label: { key: 'app', value: 'api' },
  labels: DEFAULT_LABELS,
  revision: 's1-x',
  configs: trackedConfigs([configViewOf(configMapOf('colours', {}))])
})

const AWAY = { [NOWHERE.key]: NOWHERE.value }

test("the node selector that keeps pods away is Flagger's, and no part of the revision", () => {
  expect(AWAY).toEqual({ 'flagger.app/scale-to-zero': 'true' })
  const revisions = [undefined, {}, AWAY].map((selector) => revisionOf(templateOf(daemonSet(selector))))
  expect(new Set(revisions).size).toBe(1)
  const chosen = [{ disk: 'ssd' }, { disk: 'ssd', ...AWAY }].map((selector) => revisionOf(templateOf(daemonSet(selector))))
  expect(new Set(chosen).size).toBe(1)
  expect(chosen[0]).not.toBe(revisions[0])
})

test.each<readonly [Record<string, string> | undefined, 'keep' | 'zero' | 'target', unknown]>([
  [undefined, 'keep', undefined],
  [undefined, 'target', undefined],
  [undefined, 'zero', { op: 'add', path: '/spec/template/spec/nodeSelector', value: AWAY }],
  [{ disk: 'ssd' }, 'zero', { op: 'add', path: '/spec/template/spec/nodeSelector/flagger.app~1scale-to-zero', value: 'true' }],
  [AWAY, 'zero', undefined],
  [AWAY, 'keep', undefined],
  [AWAY, 'target', { op: 'remove', path: '/spec/template/spec/nodeSelector/flagger.app~1scale-to-zero' }]
])('a node selector of %j, to %s', (selector, to, wanted) => {
  const [write] = scaleDaemonSet(daemonSet(selector), 1, to)
  const operations = write?.verb === 'patch' && write.patch.kind === 'json' ? write.patch.operations : []
  expect(operations.at(-1)).toEqual(wanted)
})

test('the primary has the settings and the template, reads copies, and runs everywhere though the target runs nowhere', () => {
  const primary = primaryDaemonSet(source(daemonSet({ disk: 'ssd', ...AWAY })))
  expect(primary).toMatchObject({
    kind: 'DaemonSet',
    metadata: { name: 'api-primary', labels: { app: 'api-primary' }, ownerReferences: [{ kind: 'Canary' }] },
    spec: {
      minReadySeconds: 4,
      updateStrategy: { type: 'RollingUpdate' },
      selector: { matchLabels: { app: 'api-primary', tier: 't' } },
      template: { metadata: { labels: { app: 'api-primary', tier: 't' } } }
    }
  })
  expect(isNowhere(primary)).toBe(false)
  expect(primary['spec']).toMatchObject({
    template: { spec: { nodeSelector: { disk: 'ssd' }, volumes: [{ configMap: { name: 'colours-primary' } }] } }
  })
  expect(primary['spec']).not.toHaveProperty('replicas')
  expect(copyToDaemonSet(source(daemonSet(AWAY)), primaryDaemonSet(source(daemonSet())))).toEqual([])
  expect(copyToDaemonSet(source(daemonSet(AWAY, { minReadySeconds: 9 })), primary)).toHaveLength(1)
})

test('a DaemonSet that is updated by hand cannot be rolled out', () => {
  expect(strategyFault(daemonSet())).toBeUndefined()
  expect(strategyFault(daemonSet(undefined, { updateStrategy: undefined }))).toBeUndefined()
  expect(strategyFault(daemonSet(undefined, { updateStrategy: { type: 'OnDelete' } }))).toContain('must be RollingUpdate, not OnDelete')
})

const TERMS = { threshold: 100, deadline: 60_000, since: 0, now: 10_000 }
const status = (observed: number, wanted: number, updated: number, available: number) => ({
  observedGeneration: observed,
  desiredNumberScheduled: wanted,
  updatedNumberScheduled: updated,
  numberAvailable: available
})

test.each<readonly [ReturnType<typeof status>, Partial<typeof TERMS>, string, string]>([
  [status(3, 2, 2, 2), {}, 'ready', ''],
  [status(3, 4, 4, 2), { threshold: 50 }, 'ready', ''],
  [status(3, 0, 0, 0), {}, 'ready', ''],
  [status(2, 2, 2, 2), {}, 'waiting', 'observed daemonset generation less than desired generation'],
  [status(2, 2, 2, 2), { now: 90_000 }, 'waiting', 'observed daemonset generation less than desired generation'],
  [status(3, 2, 1, 2), {}, 'waiting', '1 out of 2 new pods have been updated'],
  [status(3, 2, 2, 1), {}, 'waiting', '1 of 2 (readyThreshold 100%) updated pods are available'],
  [status(3, 2, 2, 1), { now: 60_000 }, 'waiting', '1 of 2'],
  [status(3, 2, 2, 1), { now: 60_001 }, 'stuck', 'daemonset api exceeded its progress deadline'],
  [status(3, 2, 1, 2), { now: 60_001 }, 'stuck', 'daemonset api exceeded its progress deadline']
])('%j within %j is %s', (given, terms, kind, because) => {
  const readiness = daemonSetReadiness({ ...daemonSet(), status: given }, { ...TERMS, ...terms })
  expect(readiness.kind).toBe(kind)
  expect(readiness.because).toContain(because)
})

test('pods that are on their way out do not count', () => {
  expect(daemonSetReadiness({ ...daemonSet(AWAY), status: status(3, 0, 0, 2) }, TERMS)).toEqual({ kind: 'ready', because: '', pods: 0 })
  expect(daemonSetReadiness({ ...daemonSet(), status: status(3, 2, 2, 2) }, TERMS).pods).toBe(2)
})
