import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { DEFAULT_LABELS } from '../canary/label-rules.ts'
import { planOf } from '../canary/plan.ts'
import type { PrimarySource } from './render-deployment.ts'
import { promotionMark, revisionOf } from './revision.ts'
import { canaryCloneWrites, chosenSpec, copyToClone, primaryClone } from './service-clone.ts'

const canary = canaryOf({}, { targetRef: { kind: 'Service', name: 'api' } })

function service(version: string, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'api',
      namespace: 'test',
      labels: { team: 'x' },
      annotations: { note: 'n', 'kubectl.kubernetes.io/last-applied-configuration': '{}' }
    },
    spec: {
      type: 'NodePort',
      clusterIP: '10.0.0.1',
      clusterIPs: ['10.0.0.1'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30_001 }],
      selector: { app: 'api', version },
      ...spec
    }
  }
}

const CHOSEN = { type: 'NodePort', ports: [{ name: 'http', port: 80, targetPort: 8080 }], selector: { app: 'api', version: 'v1' } }
const source = (target: KubeObject, revision = 's1-x'): PrimarySource => ({
  canary,
  plan: planOf(canary),
  target,
  label: { key: '', value: '' },
  labels: DEFAULT_LABELS,
  revision,
  configs: []
})

test('a revision is what the author chose: addresses and node ports that the cluster gave are none of it', () => {
  expect(chosenSpec(service('v1'))).toEqual(CHOSEN)
  const other = service('v1', { clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'], ports: [{ name: 'http', port: 80, targetPort: 8080 }] })
  expect(revisionOf(chosenSpec(other))).toBe(revisionOf(chosenSpec(service('v1'))))
  expect(revisionOf(chosenSpec(service('v2')))).not.toBe(revisionOf(chosenSpec(service('v1'))))
})

test('a Service without an address stays without one', () => {
  expect(chosenSpec(service('v1', { clusterIP: 'None', clusterIPs: ['None'] }))).toEqual({ ...CHOSEN, clusterIP: 'None' })
})

test('clones select what the target selects, belong to the Canary, and the primary one has its mark', () => {
  const metadata = { namespace: 'test', labels: { team: 'x' }, ownerReferences: [{ kind: 'Canary', controller: true }] }
  expect(canaryCloneWrites(source(service('v1')), undefined)).toMatchObject([
    { verb: 'create', object: { kind: 'Service', metadata: { ...metadata, name: 'api-canary' }, spec: CHOSEN } }
  ])
  const primary = primaryClone(source(service('v1')))
  expect(primary).toMatchObject({ metadata: { ...metadata, name: 'api-primary' }, spec: CHOSEN })
  expect(primary.metadata.annotations).toEqual({
    note: 'n',
    'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',
    'helm.toolkit.fluxcd.io/driftDetection': 'disabled',
    'serin.dev/promotion': promotionMark('u', 's1-x')
  })
})

const living = (clone: KubeObject): KubeObject => ({
  ...clone,
  spec: { ...Object(clone['spec']), clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'], sessionAffinity: 'None' }
})

test("the canary's clone follows the target, the primary's is copied in one patch with its mark", () => {
  const live = living(primaryClone(source(service('v1', { sessionAffinity: 'None' }))))
  const target = service('v1', { sessionAffinity: 'None' })
  expect(canaryCloneWrites(source(target), live)).toEqual([])
  expect(copyToClone(source(target), live)).toEqual([])
  expect(canaryCloneWrites(source(service('v2', { sessionAffinity: 'None' })), live)).toMatchObject([
    { patch: { operations: [{ op: 'test' }, { op: 'replace', path: '/spec/selector', value: { app: 'api', version: 'v2' } }] } }
  ])
  expect(JSON.stringify(copyToClone(source(service('v2', { sessionAffinity: 'None' }), 's1-y'), live))).toContain(
    promotionMark('u', 's1-y')
  )
})
