import { describe, expect, it } from 'vitest'
import { documentedCanary } from '../../test/rehearsal-objects.ts'
import { gateRequestOf } from '../canary/gate-request.ts'
import { revisionOf } from '../objects/revision.ts'
import { configMapOf } from '../../test/rollout-objects.ts'
import { dig } from '../std/json.ts'
import { rehearsedOf } from './rehearsed.ts'

const templateOf = (object: unknown): string => revisionOf(dig(object, 'spec', 'template'))

describe('what is rehearsed', () => {
  it('is the Canary of the files, without what a cluster wrote, and two revisions of its target', () => {
    const canary = { ...documentedCanary({}, { 'serin.dev/alpha': '5%' }), status: { phase: 'Failed' } }
    const found = rehearsedOf(canary, undefined)
    if (typeof found === 'string') throw new Error(found)
    expect(found.canary['status']).toBeUndefined()
    expect(found.canary.metadata.annotations).toEqual({ 'serin.dev/alpha': '5%' })
    expect(found.plan.strategy).toMatchObject({ kind: 'weighted', ladder: [10, 20, 30, 40, 50] })
    expect(templateOf(found.next)).not.toBe(templateOf(found.target))
    expect(found.leftOut).toEqual([])
  })

  it('keeps the pods and the size of a target that is there', () => {
    const target = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'api', namespace: 'test' },
      spec: { replicas: 3, selector: { matchLabels: { app: 'api' } }, template: { metadata: { labels: { app: 'api' } } } }
    }
    const found = rehearsedOf(documentedCanary(), target)
    expect(dig(found, 'target', 'spec')).toEqual(target.spec)
    expect(dig(found, 'next', 'spec', 'replicas')).toBe(3)
  })

  it('says what is not played', () => {
    const metrics = [{ name: 'queue', templateRef: { name: 'queue' }, thresholdRange: { max: 5 } }]
    const webhooks = [{ name: 'smoke', type: 'pre-rollout', url: 'http://tester/' }]
    const match = [{ headers: { insider: { exact: 'yes' } } }]
    const canary = documentedCanary({ metrics, webhooks, match, mirror: true, mirrorWeight: 20 }, { 'serin.dev/baseline': 'fresh' })
    const scaler = { kind: 'HorizontalPodAutoscaler', name: 'api' }
    const targetRef = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'api' }
    const found = rehearsedOf({ ...canary, spec: { ...Object(canary['spec']), targetRef, autoscalerRef: scaler } }, undefined)
    if (typeof found === 'string') throw new Error(found)
    expect(found.leftOut).toEqual([
      'checks by query (queue): they pass',
      'webhooks (smoke): they pass',
      'serin.dev/baseline: the canary is compared with the primary',
      'analysis.match: weights are played as those of all callers, without the gate, which does not watch such rollouts',
      'spec.targetRef: a Deployment stands in for the DaemonSet',
      'analysis.mirror: the canary gets no copies',
      'spec.autoscalerRef: pods are not scaled'
    ])
    expect(found.plan.strategy).toMatchObject({ mirror: undefined })
    expect(found.plan.autoscaler).toBeUndefined()
  })

  it('says that streams are not played, whoever asks for them, and plays the other options', () => {
    const streams = 'sales=all:lost'
    const annotated = rehearsedOf(documentedCanary({}, { 'serin.dev/streams': streams }), undefined)
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'g', namespace: 'test' }, data: { streams, alpha: '0.001' } }
    const canary = documentedCanary({}, { 'serin.dev/gate-config': 'g' })
    const configured = rehearsedOf(canary, undefined, { kind: 'found', object: config })
    const leftOut = ['serin.dev/streams (sales=all:lost): failures and latency are judged alone']
    expect([annotated, configured]).toEqual([expect.objectContaining({ leftOut }), expect.objectContaining({ leftOut })])
    expect(configured).toMatchObject({ config: { kind: 'found', object: { data: { alpha: '0.001' } } } })
    if (typeof configured === 'string') throw new Error(configured)
    expect(gateRequestOf(configured.canary, configured.config).request).toMatchObject({ streams: [], changed: { alpha: 0.001 } })
  })

  it('plays the pace that a ConfigMap says, and no baseline of it', () => {
    const object = configMapOf('rules', { pace: 'evidence', baseline: 'fresh', alpha: '2%' })
    const found = rehearsedOf(documentedCanary({}, { 'serin.dev/gate-config': 'rules' }), undefined, { kind: 'found', object })
    if (typeof found === 'string') throw new Error(found)
    expect(found.leftOut).toEqual(['serin.dev/baseline: the canary is compared with the primary'])
    expect(found.plan).toMatchObject({ pace: 'evidence', baseline: { kind: 'primary' } })
    expect(dig(found.config, 'object', 'data')).toEqual({ pace: 'evidence', alpha: '2%' })
  })

  it.each([
    [{ analysis: { iterations: 5 } }, /is not led by weights/],
    [{ provider: 'kubernetes' }, /is not led by weights/],
    [{ skipAnalysis: true }, /skips its analysis/],
    [{ service: { port: 80, appProtocol: 'TCP' } }, /splits connections/],
    [{ targetRef: { kind: 'Service', name: 'api' } }, /Service as its target/]
  ])('refuses %j', (spec, words) => {
    const canary = documentedCanary()
    expect(rehearsedOf({ ...canary, spec: { ...Object(canary['spec']), ...spec } }, undefined)).toMatch(words)
  })
})
