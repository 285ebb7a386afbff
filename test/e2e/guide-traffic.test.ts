// What guide 3 says of headers, balancing, pools, retries, timeouts and outliers (of faults and mirrors: traffic-faults): its manifests as
// printed, or with the numbers that are named lowered, and traffic through the mesh.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestPath } from '../guides.ts'
import { echoOf, type Send, throughMesh } from './requests.ts'
import { fetchThrough, type MeshAnswer } from './mesh-request.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

interface Timed extends MeshAnswer {
  readonly ms: number
}

describe.skipIf(!KUBECTL_FOUND)("kubectl: guide 3's rules, with traffic", () => {
  let serin: Serin
  let mesh: Send

  const apply = async (input: string): Promise<unknown> => succeeded(await serin.kubectl(['apply', '-f', '-'], { input }))
  // The manifest, some of its words replaced; each must be there.
  const applyManifest = (number: string, changes: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    let text = readFileSync(manifestPath(number), 'utf8')
    for (const [from, to] of Object.entries(changes)) {
      expect(text).toContain(from)
      text = text.replaceAll(from, to)
    }
    return apply(text)
  }
  const remove = async (...words: readonly string[]): Promise<unknown> =>
    succeeded(await serin.kubectl(['delete', ...words, '--ignore-not-found']))
  // `count` requests at once, each on a connection of its own.
  const atOnce = (count: number, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Timed[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const started = performance.now()
        const answer = await fetchThrough(serin.addresses.mesh, url, undefined, headers)
        return { ...answer, ms: performance.now() - started }
      })
    )
  const pods = async (app: string, version = ''): Promise<string[]> => {
    const selector = version === '' ? `app=${app}` : `app=${app},version=${version}`
    const { stdout } = succeeded(await serin.kubectl(['get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].status.podIP}']))
    return stdout.split(' ')
  }
  const behave = async (ips: readonly string[], behaviour: object): Promise<void> => {
    for (const ip of ips) {
      const { status } = await fetch(`http://${ip}:8080/behaviour`, { method: 'PUT', body: JSON.stringify(behaviour) })
      expect(status).toBe(200)
    }
  }
  const stat = async (name: string): Promise<number> => {
    const asked = ['exec', 'deploy/fortio', '-c', 'istio-proxy', '--', 'pilot-agent', 'request', 'GET', 'stats']
    const { stdout } = succeeded(await serin.kubectl(asked))
    const line = stdout.split('\n').find((each) => each.startsWith(`cluster.outbound|8080||reviews.default.svc.cluster.local.${name}: `))
    return Number(line?.split(': ')[1] ?? Number.NaN)
  }

  beforeAll(async () => {
    serin = await startSerin({ config: 'images:\n  "reviews:*": serin/demo\n' })
    mesh = throughMesh(serin)
    const apps = ['backend-service', 'user-service', 'api-service']
    await apply(
      documents(
        ...['reviews', ...apps].map((name) => service(name)),
        deployment({ app: 'reviews', version: 'v1', image: 'serin/demo:v1', replicas: 2 }),
        deployment({ app: 'reviews', version: 'v2', image: 'serin/demo:v2', replicas: 2 }),
        ...apps.map((app) => deployment({ app, version: 'v1', image: 'serin/demo:v1', replicas: app === 'user-service' ? 3 : 1 }))
      )
    )
    await applyManifest('29')
    for (const name of ['reviews-v1', 'reviews-v2', 'fortio', ...apps.map((app) => `${app}-v1`)])
      succeeded(await serin.kubectl(['rollout', 'status', `deployment/${name}`, '--timeout=60s']))
  })
  afterAll(() => serin?.stop())

  it('G34: manifest 14 sets, adds and removes headers, with the start time as a value', async () => {
    await applyManifest('14')
    const answer = await mesh({ url: 'http://backend-service:8080/', headers: { 'x-internal-debug': '1', 'x-custom-trace': 'mine' } })
    const { headers } = echoOf(answer)
    expect(headers['x-request-start']).toMatch(/^\d{10}\.\d{3}$/)
    expect(Math.abs(Number(headers['x-request-start']) * 1000 - Date.now())).toBeLessThan(60_000)
    expect(headers['x-custom-trace']).toBe('mine, mesh-routed')
    // Nothing to tell of a peer without TLS: the header is not set, and there is none to leave.
    expect(headers['x-forwarded-client-cert']).toBeUndefined()
    expect(headers['x-internal-debug']).toBeUndefined()
    expect(answer.headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff'
    })
    expect(answer.headers['x-powered-by']).toBeUndefined()
  })

  it('manifest 17: subset v2 is served in turn, whatever the rest of the host does', async () => {
    await applyManifest('17')
    await applyManifest('10')
    const order: string[] = []
    for (let turn = 0; turn < 10; turn++) order.push(echoOf(await mesh({ url: 'http://reviews:8080/' })).pod)
    expect(new Set(order).size).toBe(2)
    expect(order.every((pod, at) => at < 2 || pod === order[at - 2])).toBe(true)
    await remove('virtualservice', 'reviews')
  })

  it('manifest 18: a user stays with one pod, by header, and by the cookie and the query parameter that it names as alternatives', async () => {
    const url = 'http://user-service:8080/'
    const stay = async (send: (user: number) => ReturnType<Send>): Promise<number> => {
      const found = new Set<string>()
      for (let user = 0; user < 12; user++) {
        const first = echoOf(await send(user)).pod
        for (let turn = 0; turn < 3; turn++) expect(echoOf(await send(user)).pod).toBe(first)
        found.add(first)
      }
      return found.size
    }
    await applyManifest('18')
    expect(await stay((user) => mesh({ url, headers: { 'x-user-id': `user-${user}` } }))).toBeGreaterThan(1)
    await applyManifest('18', {
      'httpHeaderName: x-user-id': 'httpCookie: {name: session-id, ttl: 3600s}'
    })
    const first = await mesh({ url })
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^session-id="[0-9a-f]{16}"; Max-Age=3600; HttpOnly$/)
    const [pair = ''] = cookie.split(';')
    for (let turn = 0; turn < 5; turn++) {
      const again = await mesh({ url, headers: { cookie: pair } })
      expect(echoOf(again).pod).toBe(echoOf(first).pod)
      expect(again.headers['set-cookie']).toBeUndefined()
    }
    await applyManifest('18', { 'httpHeaderName: x-user-id': 'httpQueryParameterName: user_id' })
    expect(await stay((user) => mesh({ url: `${url}?user_id=${user}` }))).toBeGreaterThan(1)
  })

  it('manifest 26: a pod that answers 503 is not noticed, since another is tried', async () => {
    // Its subsets, picked at random: in turn, every request would begin at the same pod.
    await applyManifest('15')
    await applyManifest('26')
    const [bad = ''] = await pods('reviews', 'v2')
    await behave([bad], { errorRate: 1, errorStatus: 503 })
    const attempts = new Set<string>()
    for (let turn = 0; turn < 30; turn++) {
      attempts.add(echoOf(await mesh({ url: 'http://reviews:8080/' })).headers['x-envoy-attempt-count'] ?? '')
    }
    // Half of the requests begin at the good pod.
    expect([...attempts].toSorted().slice(0, 2)).toEqual(['1', '2'])
    await behave([bad], { errorRate: 0, errorStatus: 500 })
    await remove('virtualservice', 'reviews')
  })

  it('manifest 27: a read ends at 5 s with its tries of 1.5 s, a write waits for its answer', async () => {
    await applyManifest('27')
    await behave(await pods('api-service'), { latencyMs: 2000 })
    const [[read], write] = await Promise.all([
      atOnce(1, 'http://api-service:8080/'),
      mesh({ url: 'http://api-service:8080/', method: 'POST', body: 'x' })
    ])
    expect(read).toMatchObject({ status: 504, text: 'upstream request timeout' })
    expect(read?.ms).toBeGreaterThanOrEqual(4990)
    expect(echoOf(write).headers['x-envoy-attempt-count']).toBe('1')
  })

  it('manifest 28, limits lowered to 5 and 1: fortio overflows, and the counter that the guide reads rises (C12, C13)', async () => {
    await applyManifest('28', { 'maxConnections: 100': 'maxConnections: 5', 'http1MaxPendingRequests: 50': 'http1MaxPendingRequests: 1' })
    await behave(await pods('reviews'), { latencyMs: 5 })
    const before = await stat('upstream_rq_pending_overflow')
    expect(before).toBe(0)
    const load = 'fortio load -c 50 -qps 0 -n 1000 -loglevel Warning http://reviews:8080/api/reviews'
    const { stdout } = succeeded(await serin.kubectl(['exec', 'deploy/fortio', '-c', 'fortio', '--', ...load.split(' ')]))
    const code = (status: number): number => Number(new RegExp(`^Code ${status} : (\\d+) `, 'm').exec(stdout)?.[1] ?? 0)
    expect(code(200) + code(503)).toBe(1000)
    expect(code(200)).toBeGreaterThan(0)
    expect(code(503)).toBeGreaterThan(0)
    expect(await stat('upstream_rq_pending_overflow')).toBe(code(503))
    await behave(await pods('reviews'), { latencyMs: 0 })
  })

  it('manifest 28, times lowered to 1 s and 5 s: a pod that fails five times is left out, and comes back', async () => {
    await applyManifest('28', { 'interval: 10s': 'interval: 1s', 'baseEjectionTime: 30s': 'baseEjectionTime: 5s' })
    const url = 'http://reviews:8080/'
    const [bad = ''] = await pods('reviews', 'v1')
    await behave([bad], { errorRate: 1 })
    // Its fifth failure in a row ends it; the bound only keeps a broken detector from asking for ever.
    let failed = 0
    for (let turn = 0; failed < 5 && turn < 200; turn++) failed += Number((await mesh({ url })).status === 500)
    expect(failed).toBe(5)
    const answers = await Promise.all(Array.from({ length: 60 }, () => mesh({ url })))
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    const names = answers.map((answer) => echoOf(answer).pod)
    expect(new Set(names).size).toBe(3)
    await behave([bad], { errorRate: 0 })
    await until('the return', async () => {
      const { pod } = echoOf(await mesh({ url }))
      return !names.includes(pod)
    })
    expect(await stat('outlier_detection.ejections_active')).toBe(0)
    expect(await stat('outlier_detection.ejections_enforced_consecutive_5xx')).toBe(1)
  })
})
