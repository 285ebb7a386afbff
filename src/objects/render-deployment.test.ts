import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { planOf } from '../canary/plan.ts'
import { copyToPrimary, primaryDeployment, scaleTarget, sizeOf } from './render-deployment.ts'

const canary = canaryOf()

function deployment(replicas: number | undefined, podSpec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', namespace: 'test', annotations: { note: 'n', 'deployment.kubernetes.io/revision': '3' } },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: { app: 'api', version: 'v1' } },
      template: { metadata: { labels: { app: 'api', version: 'v1' } }, spec: podSpec }
    }
  }
}

const source = (target: KubeObject) => ({
  canary,
  plan: planOf(canary),
  target,
  label: { key: 'app', value: 'api' },
  labels: DEFAULT_LABELS,
  revision: 's1-x',
  configs: []
})

test('the primary keeps all selector labels, renames one, and leaves the annotations of tools behind', () => {
  const primary = primaryDeployment(source(deployment(0)))
  expect(primary).toMatchObject({
    metadata: { name: 'api-primary', annotations: { note: 'n' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'api-primary', version: 'v1' } },
      template: { metadata: { labels: { app: 'api-primary', version: 'v1' } } }
    }
  })
  expect(primary.metadata.annotations).toEqual({ note: 'n' })
})

test('anti-affinity and spread rules name the primary, affinity does not change', () => {
  const term = (value: string) => ({ labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [value] }] } })
  const rules = (value: string) => ({
    affinity: { podAffinity: [term('api')], podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(value)] } },
    topologySpreadConstraints: [{ labelSelector: { matchLabels: { app: value } } }]
  })
  expect(dig(primaryDeployment(source(deployment(1, rules('api')))), 'spec', 'template', 'spec')).toEqual(rules('api-primary'))
})

test('a copy that is already there is no write', () => {
  const target = deployment(2, { containers: [{ name: 'a', image: 'x' }] })
  const primary = primaryDeployment(source(target))
  expect(copyToPrimary(source(target), primary)).toEqual([])
  expect(copyToPrimary({ ...source(target), revision: 's1-y' }, primary)).toHaveLength(1)
})

test.each([
  [2, 3, 'keep', undefined],
  [2, 3, 'target', undefined],
  [0, 3, 'target', 3],
  [0, undefined, 'target', 1],
  [2, 3, 'zero', 0],
  [0, 3, 'zero', undefined]
] as const)('a target of %j with a primary of %j, to %s: %j', (live, primary, to, wanted) => {
  const writes = scaleTarget(deployment(live), sizeOf(primary === undefined ? undefined : deployment(primary)), to)
  expect(writes.length).toBe(wanted === undefined ? 0 : 1)
  expect(JSON.stringify(writes)).toContain(wanted === undefined ? '[]' : `"value":${wanted}}`)
})
