// The routing manifests of the guides through the real mesh and gateway, as applications and callers see them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataPath } from '../data.ts'
import { manifestPath } from '../guides.ts'
import { echoes } from './echoes.ts'
import { type Answer, echoOf, expectShare, type Request, type Send, tally, throughGateway, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service, weights } from './workloads.ts'

// Every backend of manifests 12 and 13 is the same Deployment: what it got says enough, and the metrics name the Service.
const BACKENDS: Readonly<Record<string, number>> = {
  'users-service-v2': 8080,
  'legacy-api': 8080,
  'health-checker': 80,
  'cdn-service': 80,
  'frontend-service': 3000,
  'catalog-service': 8080,
  'external-service': 80
}

// Knows nothing of Serin or Istio: says what came in, as it came.
const PLAIN = `require('http').createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk)).on('end', () => {
    const { httpVersion, method, url, rawHeaders } = request
    response.setHeader('x-plain', 'yes').end(JSON.stringify({ httpVersion, method, url, rawHeaders, body }))
  })
}).listen(8080, process.env.HOST)`

const GATEWAY = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'api-gateway' },
  spec: { selector: { istio: 'ingressgateway' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }
}

function virtualService(name: string, spec: object, namespace = 'default'): object {
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name, namespace }, spec }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: rules through the mesh', () => {
  let serin: Serin
  let mesh: Send
  let gateway: Send

  const apply = async (...objects: readonly object[]): Promise<unknown> =>
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(...objects) }))
  const applyManifest = async (number: string): Promise<unknown> => succeeded(await serin.kubectl(['apply', '-f', manifestPath(number)]))
  const version = async (headers: Readonly<Record<string, string>>, url = 'http://reviews:8080/'): Promise<string> =>
    echoOf(await mesh({ url, headers })).version

  beforeAll(async () => {
    serin = await startSerin()
    mesh = throughMesh(serin)
    gateway = throughGateway(serin)
    const names = Object.keys(BACKENDS)
    await apply(
      service('reviews'),
      service('plain'),
      GATEWAY,
      deployment({ app: 'plain', version: 'v1', image: 'plain:1', command: ['node', '-e', PLAIN] }),
      deployment({ app: 'backend', version: 'v1', image: 'serin/demo:v1' }),
      ...['v1', 'v2', 'v3'].map((each) => deployment({ app: 'reviews', version: each, image: `serin/demo:${each}` })),
      ...names.map((name) => service(name, [BACKENDS[name] ?? 80], { app: 'backend' }))
    )
    await applyManifest('15')
    for (const name of ['reviews-v1', 'reviews-v2', 'reviews-v3', 'backend-v1', 'plain-v1'])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
  })
  afterAll(() => serin?.stop())

  it('G22, G24: manifest 11 sends internal testers to v3, beta users and their cookie to v2, everyone else to v1', async () => {
    await applyManifest('11')
    expect(await version({ 'x-user-group': 'internal-testers' })).toBe('v3')
    expect(await version({ 'X-User-Group': 'beta' })).toBe('v2')
    expect(await version({ cookie: 'a=b; beta=true' })).toBe('v2')
    expect(await version({ 'x-user-group': 'internal-testers', cookie: 'beta=true' })).toBe('v3')
    expect(await version({ 'x-user-group': 'beta-2' })).toBe('v1')
    expect(await version({})).toBe('v1')
  })

  it('G25, G26: with manifest 05 the header decides for its requests, the weights for the others', async () => {
    await applyManifest('05')
    expect(await tally(50, () => mesh({ url: 'http://reviews:8080/', headers: { 'X-Canary': 'true' } }))).toEqual({ v2: 50 })
    expectShare(await tally(1000, () => mesh({ url: 'http://reviews:8080/', headers: { 'x-canary': 'no' } })), 'v2', 0.05)
  })

  it('G21: short name, name with namespace and full name are the same host', async () => {
    await applyManifest('10')
    for (const host of ['reviews', 'reviews.default', 'reviews.default.svc', 'reviews.default.svc.cluster.local', 'REVIEWS'])
      expect(await version({}, `http://${host}:8080/`)).toBe('v2')
  })

  it('G29, G30: manifest 12 routes by prefix and regex, to the port written or the only one', async () => {
    await applyManifest('12')
    const reached = await served(serin, async () => {
      for (const path of ['/api/v2/users/7', '/api/v1', '/api/v10', '/health', '/healthz', '/healthzz', '/static/a.css', '/'])
        echoOf(await gateway({ url: `http://api.example.com${path}` }))
    })
    expect(reached).toEqual({ 'users-service-v2': 1, 'legacy-api': 2, 'health-checker': 2, 'cdn-service': 1, 'frontend-service': 2 })
    expect((await gateway({ url: 'http://api.example.com/static/a.css' })).headers['cache-control']).toBe('public, max-age=86400')
  })

  it('G33: with manifest 13 the backend sees the rewritten path and authority', async () => {
    await applyManifest('13')
    const seen = async (path: string): Promise<object> => {
      const { path: got, headers } = echoOf(await gateway({ url: `http://api.example.com${path}` }))
      return { path: got, host: headers['host'], was: [headers['x-envoy-original-path'], headers['x-envoy-original-host']] }
    }
    expect(await seen('/api/v2/catalog/5?q=1')).toEqual({
      path: '/catalog/5?q=1',
      host: 'api.example.com',
      was: ['/api/v2/catalog/5?q=1', undefined]
    })
    expect(await seen('/external-api/x')).toEqual({
      path: '/api/x',
      host: 'external-service.partner.com',
      was: ['/external-api/x', 'api.example.com']
    })
  })

  it('G36, G6: gateways decide whether a rule is for the mesh, for a gateway or for both', async () => {
    const bind = (gateways: object): Promise<unknown> =>
      apply(
        virtualService('reviews', { ...weights('reviews', { v1: 0, v2: 0, v3: 100 }), hosts: ['reviews', 'shop.example.com'], ...gateways })
      )
    const both = async (): Promise<[Record<string, number>, number]> => [
      await tally(12, () => mesh({ url: 'http://reviews:8080/' })),
      (await gateway({ url: 'http://shop.example.com/' })).status
    ]
    await bind({})
    expect(await both()).toEqual([{ v3: 12 }, 404])
    await bind({ gateways: ['api-gateway', 'mesh'] })
    expect(await both()).toEqual([{ v3: 12 }, 200])
    expect(await tally(12, () => gateway({ url: 'http://shop.example.com/' }))).toEqual({ v3: 12 })
    await bind({ gateways: ['api-gateway'] })
    expect((await gateway({ url: 'http://shop.example.com/' })).status).toBe(200)
    // Nothing splits mesh traffic now: every pod of the Service answers. One of three is missed by 60 picks once in ten billion runs.
    const inMesh = await tally(60, () => mesh({ url: 'http://reviews:8080/' }))
    expect(Object.keys(inMesh).toSorted()).toEqual(['v1', 'v2', 'v3'])
  })

  it('G39: an application sees plain HTTP/1.1, its callers plain answers', async () => {
    const request: Request = { url: 'http://plain:8080/a%20b?c=d', method: 'POST', body: 'some text', headers: { 'X-Mine': 'Kept' } }
    const answer: Answer = await mesh(request)
    expect(answer).toMatchObject({ status: 200, headers: { 'x-plain': 'yes' } })
    const { rawHeaders, ...got } = JSON.parse(answer.body) as { rawHeaders: string[] }
    expect(got).toEqual({ httpVersion: '1.1', method: 'POST', url: '/a%20b?c=d', body: 'some text' })
    const names = rawHeaders.filter((_, at) => at % 2 === 0)
    expect(rawHeaders[names.indexOf('X-Mine') * 2 + 1]).toBe('Kept')
    const added = ['x-forwarded-proto', 'x-request-id', 'x-envoy-attempt-count']
    expect(names.map((name) => name.toLowerCase()).toSorted()).toEqual(['content-length', 'host', 'x-mine', ...added].toSorted())
  })

  it("Istio's tcp-echo samples run as they are: connections through a gateway are split by weight, in the mesh they reach every pod", async () => {
    const sample = (name: string): string => dataPath(`samples/istio/tcp-echo/tcp-echo-${name}.yaml`)
    succeeded(await serin.kubectl(['apply', '-f', sample('services'), '-f', sample('all-v1')]))
    for (const name of ['tcp-echo-v1', 'tcp-echo-v2'])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
    const address = succeeded(await serin.kubectl(['get', 'service', 'tcp-echo', '-o', 'jsonpath={.spec.clusterIP}'])).stdout
    const port = await until('the port of the gateway', () =>
      serin.lines.map((line) => /port 31400 of gateways is 127\.0\.0\.1:(\d+)/.exec(line)?.[1]).find((found) => found !== undefined)
    )
    const through = (count: number): Promise<Record<string, number>> => echoes(count, Number(port), '127.0.0.1')
    expect(await through(40)).toEqual({ one: 40 })
    // One of two pods is missed by 60 picks never.
    expect(Object.keys(await echoes(60, 9000, address)).toSorted()).toEqual(['one', 'two'])
    succeeded(await serin.kubectl(['apply', '-f', sample('20-v2')]))
    expectShare(await through(1000), 'two', 0.2)
    await until('all are counted', async () => {
      const metrics = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
      const closed = metrics.matchAll(
        /^istio_tcp_connections_closed_total\{reporter="source",.*destination_workload="tcp-echo-.*\} (\d+)$/gm
      )
      return [...closed].reduce((sum, [, count]) => sum + Number(count), 0) === 1100
    })
  })
})

/** How often each Service was reached while `act` ran, by the callers' own counters. */
async function served(serin: Serin, act: () => Promise<void>): Promise<Record<string, number>> {
  const before = await counts(serin)
  await act()
  const after = await counts(serin)
  const changes = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
  return Object.fromEntries(changes.filter(([, count]) => count > 0))
}

async function counts({ addresses }: Serin): Promise<Record<string, number>> {
  const text = await (await fetch(`${addresses.admin}/metrics`)).text()
  const totals: Record<string, number> = {}
  for (const [, labels = '', count] of text.matchAll(/^istio_requests_total\{(.*)\} (\d+)$/gm)) {
    const name = /destination_service_name="([^"]*)"/.exec(labels)?.[1] ?? ''
    if (labels.includes('reporter="source"')) totals[name] = (totals[name] ?? 0) + Number(count)
  }
  return totals
}
