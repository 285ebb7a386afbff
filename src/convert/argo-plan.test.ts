import { describe, expect, it } from 'vitest'
import { inputOf, sourceOf } from '../../test/argo.ts'
import { argoPlanOf, rolloutOf } from './argo-plan.ts'
import type { Source } from './note.ts'

const QUERY = 'sum(rate(istio_requests_total{destination_service_name="{{args.service}}",response_code!~"5.*"}[{{args.window}}]))'

const metric = (more: object = {}) => ({
  name: 'good',
  interval: '{{ args.window }}',
  successCondition: 'result[0] >= {{args.least}}',
  provider: { prometheus: { query: QUERY } },
  ...more
})

const template = (...metrics: readonly object[]): Source =>
  sourceOf(
    'AnalysisTemplate',
    { args: [{ name: 'service' }, { name: 'least', value: '5' }, { name: 'window', value: '2m' }], metrics },
    { name: 't' }
  )

const USE = { templates: [{ templateName: 't' }], args: [{ name: 'service', value: 'next' }] }

function rolloutWith(canary: object): Source {
  return sourceOf('Rollout', {
    strategy: { canary: { canaryService: 'next', stableService: 'api', trafficRouting: { istio: {} }, ...canary } }
  })
}

const LADDER = [{ setWeight: 20 }, { pause: { duration: '1m' } }]

const because = (rollout: Source, ...sources: readonly Source[]) => {
  const found = argoPlanOf(rollout, inputOf(...sources))
  return found.kind === 'none' ? found.because : []
}

describe('the plan of a Rollout', () => {
  it('is its steps, with what is measured beside them and as steps', () => {
    const steps = [...LADDER, { setCanaryScale: { replicas: 1 } }, { pause: {} }, { analysis: USE }, { setWeight: 10 }]
    const rollout = rolloutWith({ steps, analysis: { ...USE, startingStep: 4 } })
    const found = argoPlanOf(rollout, inputOf(template(metric({ count: 2, failureLimit: '3', initialDelay: 30 }))))
    if (found.kind !== 'plan') throw new Error(found.because.join())
    const { steps: played, background, startingStep } = found.plan
    expect(played.map((step) => (step.kind === 'analyse' ? step.metrics.length : step))).toEqual([
      { kind: 'weigh', weight: 20 },
      { kind: 'pause', seconds: 60 },
      1,
      { kind: 'weigh', weight: 10 }
    ])
    // The fifth of the list, of which two are passed over.
    expect(startingStep).toBe(2)
    expect(background).toMatchObject([
      {
        name: 'good',
        query: { of: 'succeeded', window: 120 },
        interval: 120,
        count: 2,
        initialDelay: 30,
        failureLimit: 3,
        consecutiveErrorLimit: 4
      }
    ])
    expect([4, 5, undefined].map((result) => background[0]?.success?.(result))).toEqual([false, true, 'error'])
    expect(found.leftOut).toEqual([
      'Rollout api spec.strategy.canary.steps[2].setCanaryScale: is passed over',
      'Rollout api spec.strategy.canary.steps[3].pause: has no end: somebody goes on at once'
    ])
  })

  it('measures once without an interval and a count, and for ever with an interval alone', () => {
    const counts = [{ interval: undefined }, {}].map((more) => {
      const found = argoPlanOf(rolloutWith({ steps: LADDER, analysis: USE }), inputOf(template(metric(more))))
      return found.kind === 'plan' ? found.plan.background[0]?.count : 'none'
    })
    expect(counts).toEqual([1, undefined])
  })

  it('takes the hash of the new pods for the canary, and refuses that of the stable ones', () => {
    const query = 'sum(rate(istio_requests_total{rollouts_pod_template_hash="{{args.service}}"}[1m]))'
    const found = ['Latest', 'Stable'].map((podTemplateHashValue) => {
      const analysis = { ...USE, args: [{ name: 'service', valueFrom: { podTemplateHashValue } }] }
      return because(rolloutWith({ steps: LADDER, analysis }), template(metric({ provider: { prometheus: { query } } })))
    })
    expect(found).toEqual([
      [],
      ['AnalysisTemplate t spec.metrics[0].provider.prometheus.query: the query of good counts the stable version']
    ])
  })

  it('leaves out what has no say', () => {
    const found = argoPlanOf(
      rolloutWith({ steps: LADDER, analysis: { ...USE, dryRun: [{ metricName: 'good' }] } }),
      inputOf(template(metric()))
    )
    expect(found).toMatchObject({ kind: 'plan', plan: { background: [] } })
  })

  it.each([
    [{ provider: { job: {} } }, /spec\.metrics\[0\]\.provider: good asks job: only queries of Prometheus are played/],
    [{ provider: { prometheus: { query: 'up' } } }, /the query of good asks for "up"/],
    [{ successCondition: 'all(result, # > 1)' }, /"all\(result, # > 1\)" of good is more than comparisons of one number/],
    [{ interval: 'soon' }, /spec\.metrics\[0\]\.interval: of good cannot be read as a duration/],
    [{ consecutiveSuccessLimit: 2 }, /consecutiveSuccessLimit: good is not played with it/]
  ])('is none where a metric is %j', (more, words) => {
    expect(because(rolloutWith({ steps: LADDER, analysis: USE }), template(metric(more)))).toEqual([expect.stringMatching(words)])
  })

  it.each([
    [{}, /spec\.strategy\.canary\.steps: no step gives the canary traffic/],
    [{ steps: [...LADDER, { pause: { duration: 'long' } }] }, /steps\[2\]\.pause\.duration: cannot be read/],
    [{ steps: [...LADDER, { analysis: USE }] }, /steps\[2\]\.analysis: never ends, which Argo refuses/],
    [{ steps: LADDER, analysis: { templates: [{ templateName: 'gone' }] } }, /AnalysisTemplate gone is not among the files/]
  ])('is none where the strategy is %j', (canary, words) => {
    expect(because(rolloutWith(canary), template(metric()))).toEqual([expect.stringMatching(words)])
  })

  it('is none for blue/green, and says that shares of pods are played as shares of requests', () => {
    expect(because(sourceOf('Rollout', { strategy: { blueGreen: {} } }))).toEqual(['Rollout api spec.strategy: is not by weights'])
    const found = argoPlanOf(sourceOf('Rollout', { strategy: { canary: { steps: LADDER } } }), inputOf())
    expect(found).toMatchObject({
      kind: 'plan',
      leftOut: [expect.stringMatching(/trafficRouting: is absent: its weights, which are shares of pods/)]
    })
  })
})

describe('the Rollout of a Canary', () => {
  const rollout = (metadata: object, spec: object): Source => {
    const source = sourceOf('Rollout', spec, metadata)
    return { ...source, object: { ...source.object, apiVersion: 'argoproj.io/v1alpha1' } }
  }
  const of = (input: ReturnType<typeof inputOf>) =>
    rolloutOf(input, { target: 'api', apex: 'web', namespace: 'shop' })?.object.metadata.name

  it.each([
    [{ name: 'api' }, {}, 'api'],
    [{ name: 'x' }, { workloadRef: { kind: 'Deployment', name: 'api' } }, 'x'],
    [{ name: 'x' }, { strategy: { canary: { stableService: 'web' } } }, 'x'],
    [{ name: 'api', namespace: 'other' }, {}, undefined],
    [{ name: 'api' }, { workloadRef: { kind: 'Deployment', name: 'y' } }, undefined]
  ])('is %j %j: %s', (metadata, spec, name) => {
    expect(of(inputOf(rollout(metadata, spec)))).toBe(name)
  })
})
