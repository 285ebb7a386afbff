import { describe, expect, it } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { baselineShare, baselineTrouble, baselineWrites, liveShare } from './baseline.ts'
import { BASELINE } from '../canary/baseline-asked.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import type { RolloutState } from './state.ts'

const STANDING = { since: 0, applied: 'a', promoted: 'b', failedChecks: 0 }
const ANALYSIS: RolloutState = { ...STANDING, phase: 'progressing', weight: 10, iterations: 0 }
const OVER: RolloutState = { ...STANDING, phase: 'succeeded' }

function asking(text: string, analysis: Readonly<Record<string, unknown>> = {}, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  const canary = canaryOf({ stepWeight: 10, ...analysis }, spec)
  return { ...canary, metadata: { ...canary.metadata, uid: 'u1', annotations: { [BASELINE]: text } } }
}

const CANARY = asking('fresh')
const PLAN: Plan = planOf(CANARY)
const OWN = [{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'api', uid: 'u1', controller: true, blockOwnerDeletion: true }]

function made(name: string, pods: number, ownerReferences: KubeObject['metadata']['ownerReferences'] = OWN): KubeObject {
  const deployment = deploymentOf('api:1', name, { replicas: 1, selector: { matchLabels: { app: name } } })
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: pods }
  return { ...deployment, metadata: { ...deployment.metadata, uid: `${name}-uid`, ...(ownerReferences && { ownerReferences }) }, status }
}

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'api-baseline', namespace: 'test', uid: 's', ownerReferences: OWN }
}
const whole = (pods: number) => ({ baseline: { deployment: made('api-baseline', pods), service, rule: undefined } })

describe('baselineShare', () => {
  it('is as much as the canary has, as far as something is left', () => {
    expect([0, 10, 50, 80, 100].map((weight) => baselineShare(PLAN, ANALYSIS, weight, whole(1)))).toEqual([0, 10, 50, 20, 0])
  })

  it('is nothing as long as fewer pods are available than are wanted', () => {
    const deployment = (pods: number): KubeObject => ({ ...made('api-baseline', pods), spec: { replicas: 3 } })
    const shares = [1, 2, 3].map((pods) =>
      baselineShare(PLAN, ANALYSIS, 10, { baseline: { ...whole(1).baseline, deployment: deployment(pods) } })
    )
    expect(shares).toEqual([0, 0, 10])
  })

  it('is nothing without pods, a Service, an analysis, or for pods of others', () => {
    expect(baselineShare(PLAN, ANALYSIS, 10, whole(0))).toBe(0)
    expect(baselineShare(PLAN, ANALYSIS, 10, {})).toBe(0)
    expect(baselineShare(PLAN, ANALYSIS, 10, { baseline: { ...whole(1).baseline, service: undefined } })).toBe(0)
    expect(baselineShare(PLAN, OVER, 10, whole(1))).toBe(0)
    expect(baselineShare(PLAN, ANALYSIS, 10, { baseline: { ...whole(1).baseline, deployment: made('api-baseline', 1, []) } })).toBe(0)
    expect(baselineShare(planOf(asking('none')), ANALYSIS, 10, whole(1))).toBe(0)
  })
})

describe('liveShare', () => {
  const routed = (baseline: number): KubeObject => {
    const to = (role: string, weight: number) => ({ destination: { host: `api-${role}` }, weight })
    const route = [to('primary', 90 - baseline), to('canary', 10), to('baseline', baseline)]
    return { apiVersion: 'networking.istio.io/v1beta1', kind: 'VirtualService', metadata: { name: 'api' }, spec: { http: [{ route }] } }
  }

  it('is what the routes have where that may be, whatever its pods do', () => {
    expect(liveShare(PLAN, 10, { ...whole(0), virtualService: routed(10) })).toBe(10)
    expect(liveShare(PLAN, 10, { ...whole(0), virtualService: routed(30) })).toBe(0)
    expect(liveShare(PLAN, 10, { virtualService: routed(10) })).toBe(0)
  })
})

describe('baselineTrouble', () => {
  it('says what is waited for', () => {
    expect(baselineTrouble(PLAN, ANALYSIS, {})).toBe('waiting for its baseline: deployment api-baseline.test is made')
    expect(baselineTrouble(PLAN, ANALYSIS, whole(0))).toContain('0 of 1 (readyThreshold 100%) updated replicas are available')
    expect(baselineTrouble(PLAN, ANALYSIS, whole(1))).toBeUndefined()
    expect(baselineTrouble(planOf(asking('none')), ANALYSIS, {})).toBeUndefined()
  })
})

describe('baselineWrites', () => {
  const target = deploymentOf('api:2', 'api', { replicas: 3 })
  const source = {
    canary: CANARY,
    plan: PLAN,
    target,
    label: { key: 'app', value: 'api' },
    labels: DEFAULT_LABELS,
    revision: 'r',
    configs: []
  }
  const apart = (name: string) => ({
    topologySpreadConstraints: [{ labelSelector: { matchLabels: { app: name } } }],
    affinity: {
      podAntiAffinity: { required: [{ labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [name, 'other'] }] } }] },
      // Near the primary is where it may be.
      podAffinity: { required: [{ labelSelector: { matchLabels: { app: 'api-primary' } } }] }
    },
    nodeSelector: { app: 'api-primary' },
    containers: [{ name: 'api-primary' }]
  })
  const primary = deploymentOf('api:1', 'api-primary', {
    selector: { matchLabels: { app: 'api-primary' } },
    template: { metadata: { labels: { app: 'api-primary', team: 'api-primary' } }, spec: apart('api-primary') }
  })

  it('makes what the primary runs under another label, with as many pods as the canary has', () => {
    const { before, after } = baselineWrites(source, ANALYSIS, { target, primary })
    expect(after).toEqual([])
    expect(before.map((write) => `${write.verb} ${write.resource.resource}`)).toEqual([
      'create deployments',
      'create services',
      'create destinationrules'
    ])
    const [deployment] = before.flatMap((write) => (write.verb === 'create' ? [write.object] : []))
    expect(deployment).toMatchObject({
      metadata: { name: 'api-baseline', ownerReferences: OWN },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'api-baseline' } },
        template: {
          metadata: { labels: { app: 'api-baseline', team: 'api-primary' } },
          spec: apart('api-baseline')
        }
      }
    })
  })

  it('follows the number of pods of the canary', () => {
    const live = baselineWrites(source, ANALYSIS, { target, primary }).before.flatMap((write) =>
      write.verb === 'create' ? [write.object] : []
    )
    const [deployment, made, rule] = live
    const { before } = baselineWrites(source, ANALYSIS, {
      target: deploymentOf('api:2', 'api', { replicas: 5 }),
      primary,
      baseline: { deployment, service: made, rule }
    })
    expect(before).toMatchObject([
      { verb: 'patch', name: 'api-baseline', patch: { operations: [{ op: 'test' }, { op: 'replace', value: 5 }] } }
    ])
  })

  it('takes away what is its own, the Deployment last', () => {
    const { before, after } = baselineWrites(source, OVER, { target, primary, ...whole(1) })
    expect(before).toEqual([])
    expect(after.map((write) => `${write.verb} ${write.resource.resource} ${write.verb === 'delete' ? write.uid : ''}`)).toEqual([
      'delete services s',
      'delete deployments api-baseline-uid'
    ])
    const theirs = { deployment: made('api-baseline', 1, []), service, rule: undefined }
    expect(baselineWrites(source, OVER, { target, primary, baseline: theirs })).toEqual({ before: [], after: [] })
  })
})
