// Guide 4's Canary, intervals shortened, in namespace test: a good release is promoted, as kubectl shows it.

import { expect, it } from 'vitest'
import { PATIENCE, eventsOf, field, followCanary, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND } from './run.ts'

const follows = followCanary({ namespace: 'test', app: 'api', image: 'myapp' }, shortened(manifest('40-g4-canary-api')))

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G69: initialisation leaves a primary, three Services and routes at 100/0, and no pod of the target',
  async () => {
    expect(follows.warnings).toBe('')
    expect(await field(follows.serin, 'test', 'deployment/api-primary', '{.spec.replicas} {.spec.selector.matchLabels.app}')).toBe(
      '2 api-primary'
    )
    expect(await field(follows.serin, 'test', 'deployment/api', '{.spec.replicas}')).toBe('0')
    const selectors = '{range .items[*]}{.metadata.name}={.spec.selector.app} {end}'
    expect(await field(follows.serin, 'test', 'service', selectors)).toBe(
      'api=api-primary api-canary=api api-primary=api-primary flagger-loadtester=flagger-loadtester '
    )
    expect(await field(follows.serin, 'test', 'virtualservice/api', ROUTES)).toBe('api-primary=100 api-canary=0 ')
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G70, G82: a good release goes 10, 20, 30, 40, 50 and is promoted, and get -w and describe show it',
  async () => {
    await follows.serin.kubectl(['set', 'image', 'deployment/api', '-n', 'test', 'api=myapp:1.1.0'])
    await follows.watched.reaches('Succeeded', PATIENCE)
    expect(follows.watched.lines[0]?.trim().split(/\s+/)).toEqual(['NAME', 'STATUS', 'WEIGHT', 'LASTTRANSITIONTIME'])
    const from = follows.watched.states().indexOf('Progressing 0')
    // A look without data is held and writes no status, so every line is a step.
    expect(follows.watched.states().slice(from)).toEqual([
      ...['0', '10', '20', '30', '40', '50'].map((weight) => `Progressing ${weight}`),
      'Promoting 50',
      'Finalising 0',
      'Succeeded 0'
    ])
    // kubectl orders them by whole seconds.
    const events = await eventsOf(follows.serin, 'test', 'api')
    const told = [
      'Initialization done! api.test',
      'New revision detected! Scaling up api.test',
      'Starting canary analysis for api.test',
      ...[10, 20, 30, 40, 50].map((weight) => `Advance api.test canary weight ${weight}`),
      'Copying api.test template spec to api-primary.test',
      'Routing all traffic to primary',
      'Promotion completed! Scaling down api.test'
    ]
    for (const message of told) expect(events).toContain(`Normal ${message}`)
    expect(await field(follows.serin, 'test', 'deployment/api-primary', '{.spec.template.spec.containers[0].image}')).toBe('myapp:1.1.0')
    expect(await field(follows.serin, 'test', 'deployment/api', '{.spec.replicas}')).toBe('0')
    expect(await field(follows.serin, 'test', 'virtualservice/api', ROUTES)).toBe('api-primary=100 api-canary=0 ')
    expect(await field(follows.serin, 'test', 'canary/api', '{.status.conditions[0].type}={.status.conditions[0].status}')).toBe(
      'Promoted=True'
    )
  }
)

it.skipIf(!KUBECTL_FOUND)('kubectl: wait --for=condition=promoted, which pipelines use, succeeds', async () => {
  expect(await follows.serin.kubectl(['wait', 'canary/api', '-n', 'test', '--for=condition=promoted', '--timeout=5s'])).toMatchObject({
    code: 0,
    stdout: 'canary.flagger.app/api condition met\n'
  })
})

const ROUTES = '{range .spec.http[0].route[*]}{.destination.host}={.weight} {end}'
