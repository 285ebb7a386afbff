// What is wrong with rules, as kubectl's Warnings, as Events and in the log of a running instance: the guides' own manifests.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeObject } from '../../src/api/object.ts'
import { type Api, apiOf } from './api.ts'
import { KUBECTL_FOUND, type Ran, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'

/** An Event of the API. */
type Event = KubeObject & { readonly type: string; readonly reason: string; readonly count: number; readonly message: string }

const MANIFESTS = '../shared/guides/manifests'

function manifest(number: string): string {
  const name = readdirSync(MANIFESTS).find((each) => each.startsWith(`${number}-`))
  if (name === undefined) throw new Error(`no manifest ${number} in ${MANIFESTS}: it is expected beside the repository`)
  return join(MANIFESTS, name)
}

function service(name: string): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ name: 'http', port: 9080 }] } }
}

function deployment(name: string, labels: Readonly<Record<string, string>>, replicas = 1): object {
  const containers = [{ name: 'app', image: 'serin/demo:v1', ports: [{ containerPort: 8080 }] }]
  const spec = { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec }
}

const DENIED = 'admission webhook "validation.istio.io" denied the request: configuration is invalid: '

function split(v1: number, v2: number): object {
  const to = (subset: string, weight: number): object => ({ destination: { host: 'reviews', subset }, weight })
  const spec = { hosts: ['reviews'], http: [{ route: [to('v1', v1), to('v2', v2)] }] }
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'reviews' }, spec }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: findings of a live instance', () => {
  let serin: Serin
  let api: Api
  beforeAll(async () => {
    serin = await startSerin()
    api = apiOf(serin.dir)
    for (const name of ['g9', 'g10', 'g41', 'g45', 'g47', 'named', 'cycle']) await serin.kubectl(['create', 'namespace', name])
  })
  afterAll(() => {
    api.close()
    return serin.stop()
  })

  const apply = (namespace: string, ...files: readonly string[]): Promise<Ran> =>
    serin.kubectl(['apply', '-n', namespace, ...files.flatMap((file) => ['-f', file])])
  const applyText = (namespace: string, ...objects: readonly object[]): Promise<Ran> =>
    serin.kubectl(['apply', '-n', namespace, '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
  const warnings = (ran: Ran): string[] => ran.stderr.split('\n').filter((line) => line.startsWith('Warning: '))
  const events = async (namespace: string, name: string): Promise<string[]> => {
    const chosen = `involvedObject.name=${name},involvedObject.kind=VirtualService`
    const items = await api.list(`/api/v1/namespaces/${namespace}/events?fieldSelector=${chosen}`)
    return (items as readonly Event[]).map(({ type, reason, count, message }) => `${type} ${reason} ${count} ${message}`)
  }
  const eventWith = (namespace: string, name: string, start: string): Promise<string> =>
    until(`event ${start}`, async () => (await events(namespace, name)).find((line) => line.startsWith(start)))

  it('G9: weights 10 and 10 come back as a Warning and an Event with the true shares, and 0 and 0 are denied', async () => {
    await applyText('g9', service('reviews'))
    await apply('g9', manifest('01'))
    expect(warnings(await applyText('g9', split(10, 10)))).toContain(
      'Warning: spec.http[0].route: the weights sum to 20, not 100; the true shares are v1 50 %, v2 50 % [weights-not-100]'
    )
    expect(await eventWith('g9', 'reviews', 'Warning WeightsNot100')).toContain('v1 50 %, v2 50 %')
    const zero = await applyText('g9', split(0, 0))
    expect(zero).toMatchObject({ code: 1, stderr: expect.stringContaining(`${DENIED}total destination weight = 0 (spec.http[0].route)`) })
    expect(await applyText('g9', split(90, 10))).toMatchObject({ code: 0 })
    expect(await eventWith('g9', 'reviews', 'Normal Resolved 1 no longer so: spec.http[0].route: the weights sum to 20')).toBeDefined()
  })

  it('G10: 1/99 of manifest 08 is a Warning and an Event, the intended 90/10 of manifest 09 is neither', async () => {
    await serin.kubectl(['create', 'namespace', 'production'])
    await applyText('production', service('payment-svc'))
    const swapped = warnings(await apply('production', manifest('08')))
    expect(swapped.filter((line) => line.includes('weights-reversed'))).toEqual([
      'Warning: spec.http[0].route: the newer version gets the larger share: v1 1 %, v2 99 %; if v2 is not yet proven, the weights are probably swapped [weights-reversed]'
    ])
    expect(await eventWith('production', 'payment-svc', 'Warning WeightsReversed')).toContain('v2 99 %')
    expect(warnings(await apply('production', manifest('09'))).filter((line) => line.includes('weights'))).toEqual([])
  })

  it('G41: a v2 without the label (manifest 04) leaves its subset empty: an error as long as it has weight', async () => {
    await applyText('g41', service('reviews'), deployment('reviews-v1', { app: 'reviews', version: 'v1' }))
    await apply('g41', manifest('04'), manifest('01'))
    const shifted = warnings(await apply('g41', manifest('02')))
    expect(shifted.filter((line) => line.includes('subset-no-pods'))).toEqual([
      'Warning: spec.http[0].route[1].destination.subset: subset "v2" of reviews.g41.svc.cluster.local selects no pod: no endpoint has the labels app=reviews, version=v2; its requests get 503 (UH) [subset-no-pods, IST0173]'
    ])
    expect(await eventWith('g41', 'reviews', 'Warning SubsetNoPods')).toContain('version=v2')
    await serin.said('serin: error: VirtualService g41/reviews: spec.http[0].route[1].destination.subset')
  })

  it('G45: a subset that no DestinationRule has is named with the known ones (manifests 01 and 11)', async () => {
    await applyText('g45', service('reviews'))
    await apply('g45', manifest('01'))
    const missing = warnings(await apply('g45', manifest('11'))).filter((line) => line.includes('subset-not-found'))
    expect(missing).toEqual([
      'Warning: spec.http[0].route[0].destination.subset: subset "v3" of reviews.g45.svc.cluster.local is in no DestinationRule that applies; known subsets: v1, v2; its requests get 503 (NC) [subset-not-found, IST0101]'
    ])
    expect(await eventWith('g45', 'reviews', 'Warning SubsetNotFound')).toContain('known subsets: v1, v2')
  })

  it('G47: a gateway that does not exist is named with the known ones (manifests 12 and 20)', async () => {
    await apply('g47', manifest('20'))
    const missing = warnings(await apply('g47', manifest('12'))).filter((line) => line.includes('gateway-not-found'))
    expect(missing).toEqual([
      'Warning: spec.gateways[0]: gateway "g47/api-gateway" does not exist; the rules reach no proxy through it; known: g47/production-gateway [gateway-not-found, IST0101]'
    ])
    expect(await eventWith('g47', 'api-gateway', 'Warning GatewayNotFound')).toContain('known: g47/production-gateway')
  })

  it('a subset that loses its last ready pod gets an Event without a write to the rule, another when it is back, and no more of them', async () => {
    const v2 = { app: 'reviews', version: 'v2' }
    await applyText('cycle', service('reviews'), deployment('reviews-v1', { app: 'reviews', version: 'v1' }), deployment('reviews-v2', v2))
    await serin.kubectl(['rollout', 'status', '-n', 'cycle', 'deployment/reviews-v1'])
    await serin.kubectl(['rollout', 'status', '-n', 'cycle', 'deployment/reviews-v2'])
    await apply('cycle', manifest('01'))
    expect(await applyText('cycle', split(90, 10))).toMatchObject({ code: 0, stderr: '' })
    await serin.kubectl(['scale', '-n', 'cycle', 'deployment/reviews-v2', '--replicas=0'])
    expect(await eventWith('cycle', 'reviews', 'Warning SubsetNotReady 1')).toContain('there is none')
    await serin.kubectl(['scale', '-n', 'cycle', 'deployment/reviews-v2', '--replicas=1'])
    await eventWith('cycle', 'reviews', 'Normal Resolved 1')
    expect((await events('cycle', 'reviews')).map((line) => line.split(' ', 3).join(' ')).toSorted()).toEqual([
      'Normal Resolved 1',
      'Warning SubsetNotReady 1'
    ])
  })

  it('what a write breaks elsewhere is told at the write: a DestinationRule without the subsets in use (manifest 19), a deleted one', async () => {
    const dropped = warnings(await apply('cycle', manifest('19')))
    expect(dropped.filter((line) => line.includes('VirtualService cycle/reviews'))).toHaveLength(2)
    expect(dropped.join('\n')).toContain(
      'subset "v2" of reviews.cycle.svc.cluster.local is in no DestinationRule that applies; its DestinationRule has no subsets'
    )
    await apply('cycle', manifest('01'))
    const deleted = await serin.kubectl(['delete', '-n', 'cycle', 'destinationrule', 'reviews'])
    expect(warnings(deleted).join('\n')).toContain('no DestinationRule is for this host')
  })

  it('fields and kinds that are accepted and not acted on are named in a Warning and in the log', async () => {
    const named = warnings(await apply('named', manifest('28'), manifest('20')))
    for (const path of ['spec.servers[0]:']) {
      expect(named.filter((line) => line.includes(path) && line.includes('accepted but not applied yet'))).not.toEqual([])
    }
    const filter = readFileSync(manifest('30'), 'utf8').replace(/namespace: .*/, 'namespace: named')
    expect(warnings(await serin.kubectl(['apply', '-f', '-'], { input: filter }))).toEqual([
      expect.stringMatching(/^Warning: spec: EnvoyFilter exposes internal implementation details .* \[istio-warns, IST0133\]$/),
      'Warning: spec.workloadSelector: no proxy has the labels istio=ingress in namespace named: it does nothing [selects-no-proxy, IST0127]'
    ])
    const limited = { ...deployment('limited', { app: 'limited' }, 0) }
    const text = JSON.stringify(limited).replace('"image"', '"resources":{"limits":{"cpu":"1"}},"image"')
    expect(warnings(await serin.kubectl(['apply', '-n', 'named', '-f', '-'], { input: text }))).toEqual([
      'Warning: spec.template.spec: stored but without effect on local processes: resources [no-effect-here]'
    ])
    await serin.said('Deployment named/limited: spec.template.spec: stored')
    await serin.said('EnvoyFilter named/rate-limit: spec.workloadSelector: no proxy')
  })
})
