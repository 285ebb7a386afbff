// Mirroring, faults, CORS and delegates through the real mesh: the guides' manifests 22 to 25, periods shortened, and what they lead to.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestPath } from '../guides.ts'
import { type Answer, expectShare, type Send, tally, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

const ISTIO = 'networking.istio.io/v1'
const DELAY = 400

describe.skipIf(!KUBECTL_FOUND)('kubectl: faults and copies through the mesh', () => {
  let serin: Serin
  let mesh: Send

  const apply = async (...objects: readonly object[]): Promise<unknown> =>
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(...objects) }))
  const applyManifest = async (number: string): Promise<unknown> => {
    const text = readFileSync(manifestPath(number), 'utf8').replaceAll(/fixedDelay: \ds/g, `fixedDelay: ${DELAY}ms`)
    return succeeded(await serin.kubectl(['apply', '-f', '-'], { input: text }))
  }
  const subsets = (host: string, versions: readonly string[]): object => ({
    apiVersion: ISTIO,
    kind: 'DestinationRule',
    metadata: { name: host },
    spec: { host, subsets: versions.map((version) => ({ name: version, labels: { version } })) }
  })
  const rules = (name: string, http: readonly object[], hosts: readonly string[] = [name]): object => ({
    apiVersion: ISTIO,
    kind: 'VirtualService',
    metadata: { name },
    spec: { ...(hosts.length === 0 ? {} : { hosts }), http }
  })
  /** Requests that were sent to a subset, as Envoy counts them. */
  const reached = async (subset: string): Promise<number> => {
    const text = await (await fetch(`${serin.addresses.admin}/stats`)).text()
    return Number(
      text.split(`cluster.outbound|8080|${subset}|reviews.default.svc.cluster.local.upstream_rq_total: `)[1]?.split('\n')[0] ?? 0
    )
  }
  /** Requests to ratings that were held back, by Istio's metrics. */
  const held = async (): Promise<number> => {
    const text = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
    let total = 0
    for (const [, labels = '', count] of text.matchAll(/^istio_requests_total\{(.*)\} (\d+)$/gm)) {
      const isOurs = labels.includes('destination_service_name="ratings"') && labels.includes('reporter="source"')
      if (isOurs && /response_flags="[^"]*\bDI\b/.test(labels)) total += Number(count)
    }
    return total
  }
  /** How many of the requests were held back; when any was, all together took at least as long. */
  const delayed = async (count: number, one: () => Promise<Answer>): Promise<number> => {
    const before = await held()
    const from = performance.now()
    await Promise.all(Array.from({ length: count }, one))
    const took = performance.now() - from
    const more = (await held()) - before
    if (more > 0) expect(took).toBeGreaterThanOrEqual(DELAY)
    return more
  }
  const ratings = (headers: Readonly<Record<string, string>> = {}): Promise<Answer> => mesh({ url: 'http://ratings:8080/', headers })

  beforeAll(async () => {
    serin = await startSerin()
    mesh = throughMesh(serin)
    await apply(
      service('reviews'),
      service('ratings'),
      ...['v1', 'v2'].map((each) => deployment({ app: 'reviews', version: each, image: `serin/demo:${each}` })),
      deployment({ app: 'ratings', version: 'v1', image: 'serin/demo:v1' }),
      subsets('reviews', ['v1', 'v2']),
      subsets('ratings', ['v1'])
    )
    for (const name of ['reviews-v1', 'reviews-v2', 'ratings-v1'])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
  })
  afterAll(() => serin?.stop())

  it('G131: manifest 22 sends a copy of every request to v2 and answers from v1 alone', async () => {
    await applyManifest('22')
    const before = await reached('v2')
    expect(await tally(40, () => mesh({ url: 'http://reviews:8080/' }))).toEqual({ v1: 40 })
    await until('all copies counted', async () => (await reached('v2')) === before + 40)
  })

  it('G134: manifest 23 holds half of the requests back, the others come at once', async () => {
    await applyManifest('23')
    // 24 at 50 %: none or all of them once in eight million runs.
    const some = await delayed(24, ratings)
    expect(some).toBeGreaterThan(0)
    expect(some).toBeLessThan(24)
  })

  it('G134: manifest 24 answers a tenth with 503 and the body of an injected abort', async () => {
    await applyManifest('24')
    const counts = await tally(300, ratings)
    expectShare(counts, '503 fault filter abort', 0.1)
    expectShare(counts, 'v1', 0.9)
  })

  it('G134: manifest 25 does both for chaos tests and nothing for others', async () => {
    await applyManifest('25')
    expect(await tally(60, ratings)).toEqual({ v1: 60 })
    const chaos = (): Promise<Answer> => ratings({ 'x-chaos-test': 'true' })
    expect(await delayed(24, chaos)).toBeGreaterThan(0)
    const counts = await tally(24, chaos)
    expect(Object.keys(counts).every((word) => word === 'v1' || word === '500 fault filter abort')).toBe(true)
  })

  it('a preflight is answered by the mesh, an answer to the origin carries what the policy allows', async () => {
    const corsPolicy = { allowOrigins: [{ prefix: 'https://shop.' }], allowMethods: ['GET', 'PUT'], maxAge: '10m', allowCredentials: true }
    await apply(rules('ratings', [{ corsPolicy, route: [{ destination: { host: 'ratings', subset: 'v1' } }] }]))
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'PUT' }
    const preflight = await mesh({ url: 'http://ratings:8080/', method: 'OPTIONS', headers })
    expect(preflight).toMatchObject({
      status: 200,
      body: '',
      headers: {
        'access-control-allow-origin': 'https://shop.example',
        'access-control-allow-methods': 'GET,PUT',
        'access-control-max-age': '600',
        'access-control-allow-credentials': 'true'
      }
    })
    expect((await ratings({ origin: 'https://shop.example' })).headers['access-control-allow-origin']).toBe('https://shop.example')
    expect((await ratings({ origin: 'https://evil.example' })).headers['access-control-allow-origin']).toBeUndefined()
  })

  it('a team keeps the rules of its paths in a VirtualService of its own', async () => {
    await apply(
      rules('reviews', [
        { match: [{ uri: { prefix: '/team/' } }], delegate: { name: 'team' } },
        { route: [{ destination: { host: 'reviews', subset: 'v1' } }] }
      ]),
      rules('team', [{ match: [{ uri: { prefix: '/team/new' } }], route: [{ destination: { host: 'reviews', subset: 'v2' } }] }], [])
    )
    const version = async (path: string): Promise<Record<string, number>> => tally(8, () => mesh({ url: `http://reviews:8080${path}` }))
    expect([await version('/team/new/x'), await version('/team/old'), await version('/')]).toEqual([{ v2: 8 }, { v1: 8 }, { v1: 8 }])
  })
})
