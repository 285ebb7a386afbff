// Changes of weights while requests are under way: none is lost, and what kubectl was told is in force.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generate } from '../../src/load/generate.ts'
import type { LoadPlan } from '../../src/load/load-plan.ts'
import { manifestPath } from '../guides.ts'
import { apiOf } from './api.ts'
import { type Send, throughMesh, wordOf } from './requests.ts'
import { KUBECTL_FOUND, succeeded } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { deployment, documents, service, weights } from './workloads.ts'

const GATEWAY = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'edge' },
  spec: { selector: { istio: 'ingressgateway' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: weights under load', () => {
  let serin: Serin
  let send: Send

  const patch = async (v1: number, v2: number): Promise<unknown> =>
    succeeded(
      await serin.kubectl(['patch', 'vs', 'reviews', '--type', 'merge', '-p', JSON.stringify({ spec: weights('reviews', { v1, v2 }) })])
    )

  beforeAll(async () => {
    // Not the walkthrough's: its limit of 100 requests would refuse some, as it should, when this machine is slow.
    serin = await startSerin({ files: [manifestPath('01')] })
    send = throughMesh(serin)
    const spec = { ...weights('reviews', { v1: 100, v2: 0 }), hosts: ['reviews', 'reviews.example.com'], gateways: ['mesh', 'edge'] }
    const rules = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'reviews' }, spec }
    const versions = ['v1', 'v2'].map((version) => deployment({ app: 'reviews', version, image: `serin/demo:${version}` }))
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(service('reviews'), ...versions, GATEWAY, rules) }))
    for (const version of ['v1', 'v2']) succeeded(await serin.kubectl(['rollout', 'status', `deployment/reviews-${version}`]))
  })
  afterAll(() => serin?.stop())

  it('the request after the answer to a change obeys it', async () => {
    for (let change = 0; change < 12; change += 1) {
      const [v1, v2, word] = change % 2 === 0 ? ([0, 100, 'v2'] as const) : ([100, 0, 'v1'] as const)
      await patch(v1, v2)
      expect(wordOf(await send({ url: 'http://reviews:8080/' }))).toBe(word)
    }
  })

  it('the answer to a change does not wait for what was deleted meanwhile', async () => {
    const api = apiOf(serin.dir)
    const path = '/apis/networking.istio.io/v1/namespaces/default/virtualservices'
    const spec = { ...weights('reviews', { v1: 100, v2: 0 }), hosts: ['short.example.com'] }
    const took: number[] = []
    for (let round = 0; round < 10; round += 1) {
      const began = performance.now()
      const made = api.call('POST', path, {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: 'short' },
        spec
      })
      // As soon as it is there: the workers may not have it yet.
      let status = 404
      while (status === 404) ({ status } = await api.call('DELETE', `${path}/short`))
      expect((await made).status).toBe(201)
      took.push(performance.now() - began)
    }
    api.close()
    // What is never in force is waited for so long (plane.ts).
    expect(Math.max(...took)).toBeLessThan(10_000)
  })

  it('G3: changes of weights under steady load lose no request, in the mesh and at the gateway', async () => {
    const plan: LoadPlan = {
      url: 'http://reviews:8080/',
      method: 'GET',
      headers: [],
      body: '',
      connections: 64,
      rate: 150,
      count: 300,
      duration: 60_000,
      timeout: 20_000
    }
    const { signal } = new AbortController()
    const edge: LoadPlan = { ...plan, url: serin.addresses.http, headers: [['Host', 'reviews.example.com']] }
    let changes = 0
    for (let round = 0; round < 3; round += 1) {
      const loaded = new AbortController()
      const over = Promise.all([generate(plan, { signal, proxy: serin.addresses.mesh }), generate(edge, { signal })])
      const changing = (async () => {
        for (; !loaded.signal.aborted; changes += 1) await patch(100 - ((changes * 30) % 101), (changes * 30) % 101)
      })()
      const reports = await over
      loaded.abort()
      await changing
      for (const { statuses, errors } of reports) {
        expect({ statuses: [...statuses], errors: [...errors] }, serin.lines.join('\n')).toEqual({
          statuses: [[200, plan.count]],
          errors: []
        })
      }
    }
  })
})
