// What callers are told when their request cannot be answered: status, body, headers and the flag in the metrics, as Envoy has them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, expectShare, type Send, tally, throughGateway, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service, weights } from './workloads.ts'

const ISTIO = 'networking.istio.io/v1'

function virtualService(spec: object): object {
  return { apiVersion: ISTIO, kind: 'VirtualService', metadata: { name: 'reviews' }, spec: { hosts: ['reviews'], ...spec } }
}

const SUBSETS = {
  apiVersion: ISTIO,
  kind: 'DestinationRule',
  metadata: { name: 'reviews' },
  spec: { host: 'reviews', subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })) }
}

const GATEWAY = {
  apiVersion: ISTIO,
  kind: 'Gateway',
  metadata: { name: 'edge' },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['shop.example.com'] }]
  }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: failures through the mesh', () => {
  let serin: Serin
  let mesh: Send
  let gateway: Send

  const apply = async (...objects: readonly object[]): Promise<unknown> =>
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(...objects) }))
  const reviews = (): Promise<Answer> => mesh({ url: 'http://reviews:8080/' })

  beforeAll(async () => {
    serin = await startSerin()
    mesh = throughMesh(serin)
    gateway = throughGateway(serin)
    const versions = ['v1', 'v2'].map((version) => deployment({ app: 'reviews', version, image: `serin/demo:${version}` }))
    await apply(service('reviews'), ...versions, SUBSETS, GATEWAY, virtualService(weights('reviews', { v1: 50, v2: 50 })))
    for (const version of ['v1', 'v2'])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/reviews-${version}`, '--timeout=60s']))
  })
  afterAll(() => serin?.stop())

  it('G42: a subset whose pods are gone gets 503 UH on exactly its share; nothing of it goes to v1', async () => {
    succeeded(await serin.kubectl(['scale', 'deployment/reviews-v2', '--replicas=0']))
    await until('v2 has no endpoint', async () => (await reviews()).status === 503)
    const before = await flagged(serin)
    const counts = await tally(1000, reviews)
    expect(Object.keys(counts).toSorted()).toEqual(['503 no healthy upstream', 'v1'])
    expectShare(counts, 'v1', 0.5)
    expect((await flagged(serin))['503 UH']).toBe((before['503 UH'] ?? 0) + (counts['503 no healthy upstream'] ?? 0))
  })

  it('a subset without endpoints: 503 UH, "no healthy upstream" as text', async () => {
    await apply(virtualService(weights('reviews', { v2: 100 })))
    expect(plain(await reviews())).toEqual({
      status: 503,
      body: 'no healthy upstream',
      headers: { 'content-length': '19', 'content-type': 'text/plain', server: 'istio-envoy' }
    })
  })

  it.each([
    ['a subset that no DestinationRule has', weights('reviews', { v3: 100 })],
    ['a host that does not exist', { http: [{ route: [{ destination: { host: 'nowhere' } }] }] }],
    ['a port that the Service does not have', { http: [{ route: [{ destination: { host: 'reviews', port: { number: 9999 } } }] }] }]
  ])('%s: 503 NC without a body, and a Warning at kubectl apply', async (_, spec) => {
    const applied = succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(virtualService(spec)) }))
    expect(applied.stderr).toMatch(/^Warning: spec\.http\[0\]\.route\[0\]\.destination/)
    const before = await flagged(serin)
    expect(plain(await reviews())).toEqual({ status: 503, body: '', headers: { 'content-length': '0', server: 'istio-envoy' } })
    expect((await flagged(serin))['503 NC']).toBe((before['503 NC'] ?? 0) + 1)
  })

  it('no rule that matches, and a host that the gateway does not know: 404 NR without a body', async () => {
    const none = { status: 404, body: '', headers: { 'content-length': '0', server: 'istio-envoy' } }
    await apply(
      virtualService({
        hosts: ['reviews', 'shop.example.com'],
        gateways: ['mesh', 'edge'],
        http: [{ match: [{ uri: { prefix: '/only' } }], route: [{ destination: { host: 'reviews', subset: 'v1' } }] }]
      })
    )
    const before = await flagged(serin)
    expect((await mesh({ url: 'http://reviews:8080/only' })).status).toBe(200)
    expect((await gateway({ url: 'http://shop.example.com/only' })).status).toBe(200)
    expect(plain(await reviews())).toEqual(none)
    expect(plain(await gateway({ url: 'http://shop.example.com/' }))).toEqual(none)
    expect(plain(await gateway({ url: 'http://other.example.com/only' }))).toEqual(none)
    expect((await flagged(serin))['404 NR']).toBe((before['404 NR'] ?? 0) + 3)
  })

  it('a host that is not of the mesh is called where it is (ALLOW_ANY); a name that nobody knows is 503 DF', async () => {
    const admin = await mesh({ url: `${serin.addresses.admin}/healthz` })
    expect(admin.status).toBe(200)
    expect(plain(await mesh({ url: 'http://nobody.invalid/' }))).toMatchObject({ status: 503, body: 'DNS resolution failure' })
    expect((await flagged(serin))['503 DF']).toBe(1)
  })
})

/** The answer without what differs from one to the next. */
function plain({ status, body, headers }: Answer): object {
  const { date, connection, 'keep-alive': _, ...rest } = headers
  expect(date).toMatch(/ GMT$/)
  expect(connection).not.toBe('close')
  return { status, body, headers: rest }
}

/** Requests so far by status and flag, as callers counted them. */
async function flagged({ addresses }: Serin): Promise<Record<string, number>> {
  const text = await (await fetch(`${addresses.admin}/metrics`)).text()
  const totals: Record<string, number> = {}
  for (const [, labels = '', count] of text.matchAll(/^istio_requests_total\{(.*)\} (\d+)$/gm)) {
    if (!labels.includes('reporter="source"')) continue
    const word = `${/response_code="([^"]*)"/.exec(labels)?.[1]} ${/response_flags="([^"]*)"/.exec(labels)?.[1]}`
    totals[word] = (totals[word] ?? 0) + Number(count)
  }
  return totals
}
