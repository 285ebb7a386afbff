// Guide 4's Canary, intervals shortened, in namespace test: a release that fails is rolled back, as kubectl shows it.

import { expect, it } from 'vitest'
import { PATIENCE, eventsOf, field, followCanary, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND } from './run.ts'

const follows = followCanary({ namespace: 'test', app: 'api', image: 'myapp' }, shortened(manifest('40-g4-canary-api')))

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G72, G73, G82: a release that fails half of its requests is withdrawn after five failed checks and says why',
  async () => {
    const bad = {
      spec: { template: { spec: { containers: [{ name: 'api', image: 'myapp:1.2.0', env: [{ name: 'ERROR_RATE', value: '0.5' }] }] } } }
    }
    await follows.serin.kubectl(['patch', 'deployment', 'api', '-n', 'test', '-p', JSON.stringify(bad)])
    await follows.watched.reaches('Failed', PATIENCE)
    const states = follows.watched.states()
    expect(states.slice(states.indexOf('Progressing 0'))).toEqual([
      'Progressing 0',
      'Progressing 10',
      // failedChecks 1 to 5
      ...Array.from({ length: 5 }, () => 'Progressing 10'),
      'Failed 0'
    ])
    const events = await eventsOf(follows.serin, 'test', 'api')
    const rates = events.flatMap((event) => /^Warning Halt api\.test advancement success rate (\d+\.\d\d)% < 99%$/.exec(event)?.[1] ?? [])
    expect(rates.length).toBeGreaterThan(0)
    // Of the canary's own requests half fail; with the primary's nine tenths among them it would be 5 %.
    expect(rates.every((rate) => Number(rate) < 90)).toBe(true)
    expect(events).toContain('Warning Rolling back api.test failed checks threshold reached 5')
    expect(events).toContain('Warning Canary failed! Scaling down api.test')
    expect(await field(follows.serin, 'test', 'canary/api', '{.status.conditions[0].message}')).toMatch(
      /^Canary analysis failed, Deployment scaled to zero\. Cause: success rate \d+\.\d\d% < 99%$/
    )
    expect(await field(follows.serin, 'test', 'deployment/api', '{.spec.replicas}')).toBe('0')
    expect(await field(follows.serin, 'test', 'deployment/api-primary', '{.spec.template.spec.containers[0].image}')).toBe('myapp:1.0.0')
    expect(await field(follows.serin, 'test', 'virtualservice/api', '{.spec.http[0].route[*].weight}')).toBe('100 0')
  }
)
