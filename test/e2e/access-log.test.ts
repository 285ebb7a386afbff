// The access log as users of Istio read it: a pod's by `kubectl logs -c istio-proxy` (C24), the gateway's in the data folder.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { throughGateway, throughMesh } from './requests.ts'
import { KUBECTL_FOUND, succeeded, until } from './run.ts'
import { type Serin, type SerinOptions, startSerin } from './serin.ts'
import { deployment, documents, service } from './workloads.ts'

const ISTIO = 'networking.istio.io/v1'
const GATEWAY = {
  apiVersion: ISTIO,
  kind: 'Gateway',
  metadata: { name: 'edge' },
  spec: { selector: { istio: 'ingressgateway' }, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }
}
const ROUTES = {
  apiVersion: ISTIO,
  kind: 'VirtualService',
  metadata: { name: 'reviews', annotations: { 'serin.dev/access-log': 'health=off, loud=on' } },
  spec: {
    hosts: ['reviews', 'shop.example.com'],
    gateways: ['mesh', 'edge'],
    http: [
      { name: 'health', match: [{ uri: { prefix: '/health' } }], route: [{ destination: { host: 'reviews' } }] },
      { name: 'loud', match: [{ uri: { prefix: '/loud' } }], route: [{ destination: { host: 'reviews' } }] },
      { name: 'main', route: [{ destination: { host: 'reviews' } }] }
    ]
  }
}

describe.skipIf(!KUBECTL_FOUND)('kubectl: access log', () => {
  let serin: Serin
  afterEach(() => serin?.stop())

  async function begin(options: SerinOptions = {}): Promise<void> {
    serin = await startSerin(options)
    const objects = documents(service('reviews'), deployment({ app: 'reviews', version: 'v1', image: 'serin/demo:v1' }), GATEWAY, ROUTES)
    succeeded(await serin.kubectl(['apply', '-f', '-'], { input: objects }))
    succeeded(await serin.kubectl(['rollout', 'status', 'deployment/reviews-v1', '--timeout=60s']))
  }
  const fileLines = (): string[] => {
    const path = join(serin.dir, 'access.log')
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : []
  }
  const podLines = async (): Promise<string[]> => {
    const { stdout } = succeeded(await serin.kubectl(['logs', 'deploy/reviews-v1', '-c', 'istio-proxy', '--tail=50']))
    return stdout.split('\n').filter((line) => line !== '')
  }

  it("G101: C24 shows a pod's requests as Envoy writes them; a route's word keeps its lines away", { timeout: 60_000 }, async () => {
    await begin()
    const gateway = throughGateway(serin)
    for (const path of ['/health', '/a?b=c', '/loud']) await gateway({ url: `http://shop.example.com${path}` })
    await throughMesh(serin)({ url: 'http://reviews:8080/from-a-shell' })
    await until('the lines of four requests, one of them off, are there', async () => fileLines().length + (await podLines()).length >= 6)
    const line =
      /^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "GET (\S+) HTTP\/1\.1" 200 - via_upstream - "-" 0 \d+ \d+ \d+ "(\S+)" "\S+" "[0-9a-f-]{36}" "(\S+)" "(\S+):8080" (\S+) \S+ \S+ \S+ - (\S+)$/
    const told = (lines: readonly string[]): unknown[] =>
      lines.map((each) => {
        const [, path, forwarded, authority, , cluster, route] = line.exec(each) ?? [each]
        return [path, forwarded, authority, cluster, route]
      })
    const outbound = 'outbound|8080||reviews.default.svc.cluster.local'
    expect(told(fileLines())).toEqual([
      ['/a?b=c', '127.0.0.1', 'shop.example.com', outbound, 'main'],
      ['/loud', '127.0.0.1', 'shop.example.com', outbound, 'loud'],
      ['/from-a-shell', '-', 'reviews:8080', outbound, 'main']
    ])
    expect(told(await podLines())).toEqual([
      ['/a?b=c', '127.0.0.1', 'shop.example.com', 'inbound|8080||', 'default'],
      ['/loud', '127.0.0.1', 'shop.example.com', 'inbound|8080||', 'default'],
      ['/from-a-shell', '-', 'reviews:8080', 'inbound|8080||', 'default']
    ])
  })

  it('--access-log off: only routes that ask for it have lines, in the format of serin.yaml', { timeout: 60_000 }, async () => {
    await begin({ args: ['--access-log', 'off'], config: 'accessLogFormat: {route: "%ROUTE_NAME%", code: "%RESPONSE_CODE%"}\n' })
    const gateway = throughGateway(serin)
    for (const path of ['/health', '/a', '/loud']) await gateway({ url: `http://shop.example.com${path}` })
    await until('the line of the one route is there', () => Promise.resolve(fileLines().length > 0))
    expect(fileLines()).toEqual(['{"code":200,"route":"loud"}'])
    expect(await podLines()).toEqual(['{"code":200,"route":"default"}'])
  })
})
