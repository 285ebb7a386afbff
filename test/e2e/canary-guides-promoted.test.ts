// The guides' Canaries with a good release, intervals shortened, both on one instance as they are in namespaces of their own: promoted, as
// kubectl shows it. Guide 2's load-test webhook gets the metadata.cmd that it lacks.

import { expect, it } from 'vitest'
import { PATIENCE, eventsOf, field, followCanaries, manifest, shortened } from './canary-guide.ts'
import { KUBECTL_FOUND } from './run.ts'

const command = 'hey -z 1m -q 10 -c 2 http://payment-svc.production:8080/'
const WITH_COMMAND = `${shortened(manifest('07-g2-canary-payment-svc')).trimEnd()}\n      metadata:\n        cmd: "${command}"\n`
const followed = followCanaries([
  { namespace: 'test', app: 'api', image: 'myapp', canary: shortened(manifest('40-g4-canary-api')) },
  { namespace: 'production', app: 'payment-svc', image: 'payment-svc', canary: WITH_COMMAND }
])

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G69: initialisation leaves a primary, three Services and routes at 100/0, and no pod of the target',
  async () => {
    const guide4 = followed('api')
    expect(guide4.warnings).toBe('')
    expect(await field(guide4.serin, 'test', 'deployment/api-primary', '{.spec.replicas} {.spec.selector.matchLabels.app}')).toBe(
      '2 api-primary'
    )
    expect(await field(guide4.serin, 'test', 'deployment/api', '{.spec.replicas}')).toBe('0')
    const selectors = '{range .items[*]}{.metadata.name}={.spec.selector.app} {end}'
    expect(await field(guide4.serin, 'test', 'service', selectors)).toBe(
      'api=api-primary api-canary=api api-primary=api-primary flagger-loadtester=flagger-loadtester '
    )
    expect(await field(guide4.serin, 'test', 'virtualservice/api', ROUTES)).toBe('api-primary=100 api-canary=0 ')
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G70, G82: a good release goes 10, 20, 30, 40, 50 and is promoted, and get -w and describe show it',
  { concurrent: true, timeout: PATIENCE },
  async () => {
    const guide4 = followed('api')
    await guide4.serin.kubectl(['set', 'image', 'deployment/api', '-n', 'test', 'api=myapp:1.1.0'])
    await guide4.watched.reaches('Succeeded', PATIENCE)
    expect(guide4.watched.lines[0]?.trim().split(/\s+/)).toEqual(['NAME', 'STATUS', 'WEIGHT', 'LASTTRANSITIONTIME'])
    const from = guide4.watched.states().indexOf('Progressing 0')
    // A look without data is held and writes no status, so every line is a step.
    expect(guide4.watched.states().slice(from)).toEqual([
      ...['0', '10', '20', '30', '40', '50'].map((weight) => `Progressing ${weight}`),
      'Promoting 50',
      'Finalising 0',
      'Succeeded 0'
    ])
    // kubectl orders them by whole seconds.
    const events = await eventsOf(guide4.serin, 'test', 'api')
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
    expect(await field(guide4.serin, 'test', 'deployment/api-primary', '{.spec.template.spec.containers[0].image}')).toBe('myapp:1.1.0')
    expect(await field(guide4.serin, 'test', 'deployment/api', '{.spec.replicas}')).toBe('0')
    expect(await field(guide4.serin, 'test', 'virtualservice/api', ROUTES)).toBe('api-primary=100 api-canary=0 ')
    expect(await field(guide4.serin, 'test', 'canary/api', '{.status.conditions[0].type}={.status.conditions[0].status}')).toBe(
      'Promoted=True'
    )
  }
)

it.skipIf(!KUBECTL_FOUND)(
  'kubectl: G70, G77: with the load of metadata.cmd a good release reaches 50 % and is promoted; no request fails',
  { concurrent: true, timeout: PATIENCE },
  async () => {
    const guide2 = followed('payment-svc')
    expect(guide2.warnings).toBe('')
    await guide2.serin.kubectl(['set', 'image', 'deployment/payment-svc', '-n', 'production', 'payment-svc=payment-svc:1.1.0'])
    await guide2.watched.reaches('Succeeded', PATIENCE)
    const states = guide2.watched.states()
    expect(states.slice(states.indexOf('Progressing 0'))).toEqual([
      ...['0', '10', '20', '30', '40', '50'].map((weight) => `Progressing ${weight}`),
      'Promoting 50',
      'Finalising 0',
      'Succeeded 0'
    ])
    const primary = 'deployment/payment-svc-primary'
    expect(await field(guide2.serin, 'production', primary, '{.spec.template.spec.containers[0].image}')).toBe('payment-svc:1.1.0')
    const { stdout } = await guide2.serin.kubectl(['logs', '-n', 'test', 'deployment/flagger-loadtester'])
    expect(stdout).toMatch(/end payment-svc\.production hey .*: \d+ requests in 60\.\d s \(200: \d+\)/)
  }
)

it.skipIf(!KUBECTL_FOUND)('kubectl: wait --for=condition=promoted, which pipelines use, succeeds', async () => {
  const guide4 = followed('api')
  expect(await guide4.serin.kubectl(['wait', 'canary/api', '-n', 'test', '--for=condition=promoted', '--timeout=5s'])).toMatchObject({
    code: 0,
    stdout: 'canary.flagger.app/api condition met\n'
  })
})

const ROUTES = '{range .spec.http[0].route[*]}{.destination.host}={.weight} {end}'
