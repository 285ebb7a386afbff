// Hosts beside Kubernetes Services through the real mesh: ServiceEntries of every resolution, WorkloadEntries, Sidecars.

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Send, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, startSerin } from './serin.ts'
import { documents } from './workloads.ts'

const ISTIO = 'networking.istio.io/v1'

describe.skipIf(!KUBECTL_FOUND)('kubectl: hosts through the mesh', () => {
  let serin: Serin
  let mesh: Send
  let server: http.Server
  let port = 0

  const apply = async (...objects: readonly object[]): Promise<unknown> =>
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: documents(...objects) }))
  const entry = (name: string, spec: object): object => ({
    apiVersion: ISTIO,
    kind: 'ServiceEntry',
    metadata: { name },
    spec: { ports: [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: port }], ...spec }
  })
  /** Status and body: the server says Host and path. */
  const said = async (url: string): Promise<string> => {
    const { status, body } = await mesh({ url })
    return `${status} ${body}`
  }

  beforeAll(async () => {
    server = http.createServer((request, response) => response.end(`${request.headers.host}${request.url}`))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // listening, so it has an address
    port = (server.address() as AddressInfo).port
    serin = await startSerin()
    mesh = throughMesh(serin)
  })
  afterAll(async () => {
    await serin?.stop()
    server?.close()
  })

  it('a ServiceEntry with written endpoints takes the rules of its host', async () => {
    const rule = {
      hosts: ['api.partner.example'],
      http: [{ match: [{ uri: { prefix: '/v1/' } }], rewrite: { uri: '/' }, route: [{ destination: { host: 'api.partner.example' } }] }]
    }
    await apply(
      entry('static', {
        hosts: ['api.partner.example'],
        location: 'MESH_EXTERNAL',
        resolution: 'STATIC',
        endpoints: [{ address: '127.0.0.1' }]
      }),
      { apiVersion: ISTIO, kind: 'VirtualService', metadata: { name: 'partner' }, spec: rule }
    )
    expect(await said('http://api.partner.example/v1/x')).toBe('200 api.partner.example/x')
    expect(await said('http://api.partner.example/v2')).toBe('404 ')
  })

  it('names are looked up: what has no address is 503 UH, what has one is reached', async () => {
    await apply(entry('dns', { hosts: ['db.partner.example'], resolution: 'DNS', endpoints: [{ address: 'localhost' }] }))
    await until('the name is looked up', async () => (await said('http://db.partner.example/')) === '200 db.partner.example/')
    await apply(entry('nobody', { hosts: ['nobody.invalid'], resolution: 'DNS' }))
    await until('the name is looked up', async () => (await said('http://nobody.invalid/')) === '503 no healthy upstream')
  })

  it('with resolution NONE a host is where it is called', async () => {
    await apply(entry('none', { hosts: ['localhost'], ports: [{ number: port, name: 'http', protocol: 'HTTP' }] }))
    expect(await said(`http://localhost:${port}/a`)).toBe(`200 localhost:${port}/a`)
    const counted = await (await fetch(`${serin.addresses.admin}/metrics`)).text()
    expect(counted).toMatch(/istio_requests_total\{[^}]*destination_service="localhost"/)
  })

  it('WorkloadEntries join a ServiceEntry and a Service by their labels, while they are healthy', async () => {
    const vm = (annotations: object): object => ({
      apiVersion: ISTIO,
      kind: 'WorkloadEntry',
      metadata: { name: 'vm', annotations },
      spec: { address: '127.0.0.1', labels: { app: 'legacy' }, ports: { http: port } }
    })
    await apply(
      entry('joined', { hosts: ['legacy.example'], resolution: 'STATIC', workloadSelector: { labels: { app: 'legacy' } } }),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'legacy' },
        spec: { selector: { app: 'legacy' }, ports: [{ name: 'http', port: 80 }] }
      },
      vm({})
    )
    expect(await said('http://legacy.example/a')).toBe('200 legacy.example/a')
    expect(await said('http://legacy/a')).toBe('200 legacy/a')
    await apply(vm({ 'proxy.istio.io/health-checks-enabled': 'true' }))
    expect(await said('http://legacy.example/a')).toBe('503 no healthy upstream')
  })

  it("at a Service's own address a Host that nobody knows means the Service: by its rules where the port is not declared, else past them", async () => {
    const names = ['declared', 'any']
    const own = (name: string): object => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: 'own' }, ports: [{ name: name === 'any' ? 'web' : 'http', port: 80, targetPort: port }] }
    })
    await apply(
      ...names.map(own),
      { apiVersion: ISTIO, kind: 'WorkloadEntry', metadata: { name: 'own' }, spec: { address: '127.0.0.1', labels: { app: 'own' } } },
      {
        apiVersion: ISTIO,
        kind: 'VirtualService',
        metadata: { name: 'own' },
        spec: { hosts: names, http: [{ directResponse: { status: 418 } }] }
      }
    )
    const at = async (name: string, host: string): Promise<number> => {
      const address = await serin.kubectl(['get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}'])
      return new Promise((resolve, reject) => {
        const asked = http.get({ host: address.stdout, port: 80, headers: { host }, agent: false }, (answer) => {
          answer.resume()
          resolve(answer.statusCode ?? 0)
        })
        asked.on('error', reject)
      })
    }
    expect([await at('declared', 'declared.default'), await at('declared', 'whatever.example')]).toEqual([418, 200])
    expect([await at('any', 'any.default'), await at('any', 'whatever.example')]).toEqual([418, 418])
  })

  it('a Sidecar decides which hosts are known, and that others are refused', async () => {
    const hosts = ['./api.partner.example']
    await apply({
      apiVersion: ISTIO,
      kind: 'Sidecar',
      metadata: { name: 'default' },
      spec: { egress: [{ hosts }], outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } }
    })
    expect(await said('http://api.partner.example/v1/x')).toBe('200 api.partner.example/x')
    expect(await said('http://legacy.example/')).toBe('502 ')
    expect(await said('http://nobody.example:4711/')).toBe('502 ')
    succeeded(await serin.kubectl(['delete', 'sidecar', 'default']))
    await until('everything is known again', async () => (await said('http://legacy.example/')) === '503 no healthy upstream')
  })
})
