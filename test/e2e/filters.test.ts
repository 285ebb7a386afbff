// What a gateway looks at before a route: local rate limits by EnvoyFilter (the guide's manifest 30, limits lowered) and the claims of tokens;
// and the limits of a called pod.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestPath } from '../guides.ts'
import { issuer } from '../tokens.ts'
import { type Answer, type Send, echoOf, throughGateway, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

const ISTIO = 'networking.istio.io/v1'
const ISSUER = issuer()
const URL_OUTSIDE = 'http://app.example.com/'

/** The filter of the guide for some labels, with other tokens and time. */
function rateLimit(tokens: number, change: (text: string) => string = (text) => text): string {
  const text = readFileSync(manifestPath('30'), 'utf8')
  return change(text.replace('max_tokens: 1000', `max_tokens: ${tokens}`).replace('tokens_per_fill: 1000', `tokens_per_fill: ${tokens}`))
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: filters before the route', () => {
  let serin: Serin
  let gateway: Send
  let mesh: Send

  const applyText = async (input: string): Promise<string> => succeeded(await serin.kubectl(['apply', '-f', '-'], { input })).stderr
  const apply = (...objects: readonly object[]): Promise<string> => applyText(documents(...objects))
  const statuses = async (count: number, send: () => Promise<Answer>): Promise<number[]> => {
    const seen: number[] = []
    for (let at = 0; at < count; at += 1) seen.push((await send()).status)
    return seen
  }
  const stat = async (name: string): Promise<number> => {
    const text = await (await fetch(`${serin.addresses.admin}/stats`)).text()
    return Number(text.split(`${name}: `)[1]?.split('\n')[0] ?? 0)
  }
  const routes = (http: readonly object[]): object => ({
    apiVersion: ISTIO,
    kind: 'VirtualService',
    metadata: { name: 'app' },
    spec: { hosts: ['app.example.com'], gateways: ['edge'], http }
  })
  const to = (subset: string): object => ({ route: [{ destination: { host: 'reviews', subset, port: { number: 8080 } } }] })

  beforeAll(async () => {
    serin = await startSerin()
    gateway = throughGateway(serin)
    mesh = throughMesh(serin)
    await apply(
      service('reviews'),
      ...['v1', 'v2'].map((each) => deployment({ app: 'reviews', version: each, image: `serin/demo:${each}` })),
      {
        apiVersion: ISTIO,
        kind: 'Gateway',
        metadata: { name: 'edge' },
        spec: { selector: { istio: 'ingress' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }
      },
      {
        apiVersion: ISTIO,
        kind: 'DestinationRule',
        metadata: { name: 'reviews' },
        spec: { host: 'reviews', subsets: ['v1', 'v2'].map((name) => ({ name, labels: { version: name } })) }
      },
      routes([to('v1')])
    )
    for (const name of ['reviews-v1', 'reviews-v2'])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
  })
  afterAll(() => serin?.stop())

  it('G141: manifest 30 lets its tokens pass and refuses the rest with 429 and x-rate-limited; without it all pass again', async () => {
    await applyText(rateLimit(4))
    expect(await statuses(6, () => gateway({ url: URL_OUTSIDE }))).toEqual([200, 200, 200, 200, 429, 429])
    const refused = await gateway({ url: URL_OUTSIDE })
    expect([refused.headers['x-rate-limited'], refused.body]).toEqual(['true', 'local_rate_limited'])
    expect(await statuses(3, () => mesh({ url: 'http://reviews:8080/' }))).toEqual([200, 200, 200])
    await until('the counters', async () => (await stat('http_local_rate_limiter.http_local_rate_limit.enforced')) === 3)
    expect(await stat('http_local_rate_limiter.http_local_rate_limit.ok')).toBe(4)
    const metrics = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
    expect(metrics).toMatch(/^istio_requests_total\{.*response_code="429".*response_flags="RL".*\} 3$/m)
    succeeded(await serin.kubectl(['delete', 'envoyfilter', '-n', 'istio-system', 'rate-limit']))
    await until('no limit', async () => (await gateway({ url: URL_OUTSIDE })).status === 200)
  })

  it('a limit on the side of called pods: callers of both ways get 429, other pods are not concerned', async () => {
    const inbound = rateLimit(2, (text) =>
      text
        .replaceAll('istio: ingress', 'version: v2')
        .replace('context: GATEWAY', 'context: SIDECAR_INBOUND')
        .replace('name: rate-limit', 'name: pods')
    )
    expect(await applyText(inbound)).not.toContain('not applied')
    await apply(routes([{ match: [{ uri: { prefix: '/v2' } }], ...to('v2') }, to('v1')]))
    expect(await statuses(3, () => gateway({ url: `${URL_OUTSIDE}v2` }))).toEqual([200, 200, 429])
    expect(await statuses(3, () => gateway({ url: URL_OUTSIDE }))).toEqual([200, 200, 200])
    const answer = await gateway({ url: `${URL_OUTSIDE}v2` })
    expect([answer.headers['x-rate-limited'], 'x-envoy-upstream-service-time' in answer.headers]).toEqual(['true', true])
    succeeded(await serin.kubectl(['delete', 'envoyfilter', '-n', 'istio-system', 'pods']))
  })

  it('what is not a local rate limit is named, with the rest of the filter in force', async () => {
    const cluster = '  - applyTo: CLUSTER\n    patch: {operation: MERGE, value: {connect_timeout: 1s}}\n'
    const warnings = await applyText(rateLimit(4, (text) => `${text.trimEnd()}\n${cluster}`))
    expect(warnings).toContain('spec.configPatches[1]: the patch MERGE of CLUSTER is accepted but not applied yet')
    expect((await statuses(5, () => gateway({ url: URL_OUTSIDE }))).at(-1)).toBe(429)
    succeeded(await serin.kubectl(['delete', 'envoyfilter', '-n', 'istio-system', 'rate-limit']))
  })

  it('G27: claims choose the version at a gateway with a RequestAuthentication; bad tokens are refused; keys in a file may change', async () => {
    const vip = (from = ISSUER): Readonly<Record<string, string>> => ({ authorization: `Bearer ${from.token({ groups: ['dev', 'vip'] })}` })
    const version = async (headers: Readonly<Record<string, string>>): Promise<string> =>
      echoOf(await gateway({ url: URL_OUTSIDE, headers })).version
    const claims = { match: [{ headers: { '@request.auth.claims.groups': { exact: 'vip' } } }], ...to('v2') }
    expect(await apply(routes([claims, to('v1')]))).toContain('is never known: no RequestAuthentication makes the gateway look at tokens')
    expect(await version(vip())).toBe('v1')
    const file = join(serin.dir, 'keys.json')
    writeFileSync(file, ISSUER.keys)
    const authentication = {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'tokens', namespace: 'istio-system', annotations: { 'serin.dev/jwks-file': file } },
      spec: {
        selector: { matchLabels: { istio: 'ingress' } },
        jwtRules: [{ issuer: ISSUER.name, jwksUri: `${ISSUER.name}/keys`, outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }] }]
      }
    }
    expect(await apply(authentication)).toBe('')
    expect(await version(vip())).toBe('v2')
    expect(await version({ authorization: `Bearer ${ISSUER.token({ groups: ['dev'] })}` })).toBe('v1')
    expect(await version({})).toBe('v1')
    const { headers } = echoOf(await gateway({ url: URL_OUTSIDE, headers: { ...vip(), 'x-user': 'eve' } }))
    expect([headers['x-user'], headers['authorization']]).toEqual(['ann', undefined])
    const other = issuer()
    const refused = await gateway({ url: URL_OUTSIDE, headers: vip(other) })
    expect([refused.status, refused.body]).toEqual([401, 'Jwt verification fails'])
    expect((await gateway({ url: URL_OUTSIDE, headers: { authorization: `Bearer ${ISSUER.token({ exp: 1 })}` } })).status).toBe(401)
    writeFileSync(file, other.keys)
    await until('the new keys', async () => (await gateway({ url: URL_OUTSIDE, headers: vip(other) })).status === 200)
    expect((await gateway({ url: URL_OUTSIDE, headers: vip() })).status).toBe(401)
    const shown = succeeded(await serin.kubectl(['get', 'ra', '-n', 'istio-system', '-o', 'name'])).stdout
    expect(shown.trim()).toBe('requestauthentication.security.istio.io/tokens')
  })
})
