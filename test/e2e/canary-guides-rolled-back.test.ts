// The guides' Canaries with releases that must not get through, intervals shortened, both on one instance as they are in namespaces of their
// own: rolled back, as kubectl shows it. Guide 2's is as printed: its load-test webhook has no metadata.cmd, and says so.

import { expect, it } from 'vitest'
import { byThresholds, PATIENCE, eventsOf, field, followCanaries, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND } from './run.ts'

const CAUSE =
  'external check load-test failed 400: metadata is missing: give the webhook a metadata.cmd such as "hey -z 1m -q 10 -c 2 http://app.test/"'

const followed = followCanaries([
  { namespace: 'test', app: 'api', image: 'myapp', canary: byThresholds(shortened(manifest('40-g4-canary-api'))) },
  { namespace: 'production', app: 'payment-svc', image: 'payment-svc', canary: shortened(manifest('07-g2-canary-payment-svc')) }
])

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G72, G73, G82: a release that fails half of its requests is withdrawn after five failed checks and says why',
  { concurrent: true, timeout: PATIENCE },
  async () => {
    const guide4 = followed('api')
    const bad = {
      spec: { template: { spec: { containers: [{ name: 'api', image: 'myapp:1.2.0', env: [{ name: 'ERROR_RATE', value: '0.5' }] }] } } }
    }
    await guide4.serin.kubectl(['patch', 'deployment', 'api', '-n', 'test', '-p', JSON.stringify(bad)])
    await guide4.watched.reaches('Failed', PATIENCE)
    const states = guide4.watched.states()
    expect(states.slice(states.indexOf('Progressing 0'))).toEqual([
      'Progressing 0',
      'Progressing 10',
      // failedChecks 1 to 5
      ...Array.from({ length: 5 }, () => 'Progressing 10'),
      'Failed 0'
    ])
    const events = await eventsOf(guide4.serin, 'test', 'api')
    const rates = events.flatMap((event) => /^Warning Halt api\.test advancement success rate (\d+\.\d\d)% < 99%$/.exec(event)?.[1] ?? [])
    expect(rates.length).toBeGreaterThan(0)
    // Of the canary's own requests half fail; with the primary's nine tenths among them it would be 5 %.
    expect(rates.every((rate) => Number(rate) < 90)).toBe(true)
    expect(events).toContain('Warning Rolling back api.test failed checks threshold reached 5')
    expect(events).toContain('Warning Canary failed! Scaling down api.test')
    expect(await field(guide4.serin, 'test', 'canary/api', '{.status.conditions[0].message}')).toMatch(
      /^Canary analysis failed, Deployment scaled to zero\. Cause: success rate \d+\.\d\d% < 99%$/
    )
    expect(await field(guide4.serin, 'test', 'deployment/api', '{.spec.replicas}')).toBe('0')
    expect(await field(guide4.serin, 'test', 'deployment/api-primary', '{.spec.template.spec.containers[0].image}')).toBe('myapp:1.0.0')
    expect(await field(guide4.serin, 'test', 'virtualservice/api', '{.spec.http[0].route[*].weight}')).toBe('100 0')
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G77: the refusal of the load tester is a failed check each time, and after five the release is rolled back',
  { concurrent: true, timeout: PATIENCE },
  async () => {
    const guide2 = followed('payment-svc')
    await guide2.serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', 'payment-svc=payment-svc:1.1.0'])
    await guide2.watched.reaches('Failed', PATIENCE)
    const events = await eventsOf(guide2.serin, 'production', 'payment-svc')
    expect(events).toContain(`Warning Halt payment-svc.production advancement ${CAUSE}`)
    expect(events).toContain('Warning Rolling back payment-svc.production failed checks threshold reached 5')
    expect(await field(guide2.serin, 'production', 'canary/payment-svc', '{.status.conditions[0].message}')).toBe(
      `Canary analysis failed, Deployment scaled to zero. Cause: ${CAUSE}`
    )
    const primary = 'deployment/payment-svc-primary'
    expect(await field(guide2.serin, 'production', primary, '{.spec.template.spec.containers[0].image}')).toBe('payment-svc:1.0.0')
    expect(await field(guide2.serin, 'production', 'virtualservice/payment-svc', '{.spec.http[0].route[*].weight}')).toBe('100 0')
  }
)
