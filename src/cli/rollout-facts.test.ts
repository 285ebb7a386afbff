import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { look, newGate } from '../gate/gate.ts'
import { savedGate } from '../gate/saved.ts'
import { GATE_CONFIG } from '../canary/gate-options.ts'
import { GATE_ANNOTATIONS, gateSettingsFor, requestAsked } from '../canary/gate-request.ts'
import { PACE } from '../canary/pace.ts'
import { planOf } from '../canary/plan.ts'
import { seenIn } from './release-facts.ts'
import { factsOf } from './rollout-facts.ts'

const START = 1_790_000_000_000

function canaryWith(annotations: Record<string, string>): KubeObject {
  const canary = canaryOf({ stepWeight: undefined, stepWeights: [5, 50], metrics: [] })
  return { ...canary, metadata: { ...canary.metadata, annotations: { [PACE]: 'evidence', ...annotations } } }
}

// Its gate saw one request a second, of which stable failed one in a thousand.
function releaseOf(name: string, asked: Record<string, string>): KubeObject {
  const canary = canaryWith({})
  const settings = gateSettingsFor(requestAsked(asked), planOf(canary), [], [])
  const gate = look(newGate(settings, [5, 50], START, [{ requests: 10_000, bad: 10, dispersion: 1 }]), {
    kind: 'counts',
    at: START + 60_000,
    looks: [{ canaryRequests: 3, canaryBad: 0, stableRequests: 57, stableBad: 0 }]
  })
  const ownerReferences = [{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'api', uid: 'u' }]
  return {
    apiVersion: 'serin.dev/v1alpha1',
    kind: 'Release',
    metadata: { name, namespace: 'test', ownerReferences },
    spec: { canary: 'api', target: 'Deployment/api', revision: `s1-${name}` },
    status: { outcome: 'succeeded', endedAt: `2026-11-22T1${name}:00:00Z`, gate: savedGate(gate), asked }
  }
}

function weak(canary: KubeObject, releases: readonly KubeObject[]): readonly string[] {
  return factsOf(canary, deploymentOf('api:2'), { seen: seenIn(canary, releases) }).weak.map(({ text }) => text)
}

const SMALLEST = { 'smallest-difference': '20pt' }

test('what the gate cannot prove is told by what the Release says was asked, which a ConfigMap may have said', () => {
  const canary = canaryWith({ [GATE_CONFIG]: 'rules' })
  expect(weak(canary, [releaseOf('1', {})])[0]).toMatch(/^a difference of 0\.5 points cannot be proven/)
  expect(weak(canary, [releaseOf('1', {}), releaseOf('2', SMALLEST)])).toEqual([])
  // The latest that saw traffic.
  const running = { ...releaseOf('3', {}), status: { outcome: 'running' } }
  expect(weak(canary, [releaseOf('1', {}), releaseOf('2', SMALLEST), running])).toEqual([])
  expect(weak(canary, [releaseOf('1', SMALLEST), releaseOf('2', {})])).toHaveLength(1)
})

test('a Release that does not say what was asked leaves that to the Canary, and who wants thresholds alone hears nothing of proofs', () => {
  const { asked: _, ...status } = releaseOf('1', {})['status'] as Record<string, unknown> // made above
  const silent = { ...releaseOf('1', {}), status }
  expect(weak(canaryWith({}), [silent])).toHaveLength(1)
  expect(weak(canaryWith({ [GATE_ANNOTATIONS.smallest]: '20pt' }), [silent])).toEqual([])
  expect(weak(canaryWith({ [GATE_ANNOTATIONS.gate]: 'thresholds' }), [releaseOf('1', {})])).toEqual([])
})
