// Header operations with commands through a data plane: what the endpoint sees and what the client gets (istio.md 1.13, 5). The cases of
// observed-istio's groups of headers are the harness'; these are what it does not ask.

import { Agent, createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { systemClock } from '../host/system-clock.ts'
import { compileRoutes } from '../route/compile-routes.ts'
import { diffTables } from '../route/diff-tables.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { EMPTY_TABLE } from '../route/route-table.ts'
import { seeded } from '../std/draw.ts'
import { DataPlane } from './data-plane.ts'
import { READ_MODE } from '../../test/read-mode.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: a, namespace: default}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a-1, namespace: default, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.7]}]
ports: [{name: http, port: 8080}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a, namespace: default}
`

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Serve = (request: IncomingMessage, response: ServerResponse) => void

/** A plane for the rules of a VirtualService on host a; returns how to ask it. */
async function mesh(spec: string, serve: Serve): Promise<(path: string, headers?: Record<string, string>) => Promise<Answer>> {
  const server = createServer(serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const plane = new DataPlane({
    clock: systemClock(),
    draw: seeded(7),
    readMode: READ_MODE,
    locate: () => ({ host: '127.0.0.1', port }),
    limits: { drainTimeout: 200 },
    sweepPeriod: 10
  })
  const { table } = compileRoutes(meshConfigOf(objectsOf(`${SERVICE}spec:\n  hosts: [a]\n  http:\n${spec}`)), EMPTY_TABLE)
  plane.apply(diffTables(EMPTY_TABLE, table))
  const source = { workload: 'w', namespace: 'default', app: 'w', version: 'v1' }
  const entry = { kind: 'mesh' as const, caller: { namespace: 'default', labels: {} } }
  const place = { hostname: 'caller-1', environment: { POD_NAMESPACE: 'default' } }
  const at = await plane.listen({ id: 'pod', address: '127.0.0.1', port: 0, entry, source, place })
  const agent = new Agent({ keepAlive: true })
  cleanups.push(async () => {
    agent.destroy()
    await plane.drain(0)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (path, headers = {}) =>
    new Promise((resolve, reject) => {
      const asked = request({ agent, host: '127.0.0.1', port: at, path, headers: { host: 'a', ...headers } }, (response) => {
        let body = ''
        response.on('data', (bytes: Buffer) => (body += bytes.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      })
      asked.on('error', reject)
      asked.end()
    })
}

/** Answers with the headers it saw. */
const echo: Serve = (seen, response) => response.setHeader('x-from', 'f').end(JSON.stringify(seen.headers))
const seenBy = ({ body }: Answer): IncomingMessage['headers'] => JSON.parse(body) as IncomingMessage['headers']

test('request values are formatted before host and path are rewritten, from what removals left', async () => {
  const ask = await mesh(
    `
  - name: the-route
    headers:
      request:
        remove: [x-gone]
        set: {x-path: "%REQ(:path)%", x-auth: "%REQ(:authority)%", x-host: "%HOSTNAME%/%ENVIRONMENT(POD_NAMESPACE)%", x-code: "%RESPONSE_CODE%",
              x-gone-was: "%REQ(x-gone)%", x-there: "%REQ(x-none)%", x-cluster: "%UPSTREAM_CLUSTER%", x-route: "%ROUTE_NAME%",
              x-id: "%REQ(x-request-id)%", x-up: "%UPSTREAM_HOST%"}
        add: {x-tag: "%PROTOCOL% %REQ(x-tag)%"}
    rewrite: {uri: /new, authority: other}
    route: [{destination: {host: a}}]`,
    echo
  )
  const seen = seenBy(await ask('/old?q', { 'x-gone': 'secret', 'x-there': 'kept', 'x-tag': 't' }))
  expect(seen).toMatchObject({
    host: 'other',
    'x-path': '/old?q',
    'x-auth': 'a',
    'x-host': 'caller-1/default',
    'x-code': '0',
    'x-there': 'kept',
    'x-cluster': 'outbound|80||a.default.svc.cluster.local;',
    'x-route': 'the-route',
    'x-tag': 't, HTTP/1.1 t'
  })
  expect([seen['x-gone'], seen['x-gone-was'], seen['x-up']]).toEqual([undefined, undefined, undefined])
  expect(seen['x-id']).toBe(seen['x-request-id'])
})

test('response values see the answer, the endpoint and the request as it was sent', async () => {
  const ask = await mesh(
    `
  - headers:
      response:
        set: {x-up: "%UPSTREAM_HOST%", x-code: "%RESPONSE_CODE%", x-details: "%RESPONSE_CODE_DETAILS%", x-path: "%REQ(:path)%",
              x-resp: "%RESP(x-from)%", x-req: "%REQ(x-in)%", x-flags: "%RESPONSE_FLAGS%", x-local: "%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%"}
        remove: [x-from, date, server, x-envoy-upstream-service-time]
    rewrite: {uri: /new}
    route: [{destination: {host: a}}]`,
    echo
  )
  const { headers } = await ask('/old', { 'x-in': 'i' })
  expect(headers).toMatchObject({
    'x-up': '192.0.2.7:8080',
    'x-code': '200',
    'x-details': 'via_upstream',
    'x-path': '/newold',
    'x-req': 'i',
    'x-flags': '-',
    'x-local': '127.0.0.1',
    server: 'istio-envoy'
  })
  // Removed before the values are formatted.
  expect([headers['x-from'], headers['x-resp'], headers['x-envoy-upstream-service-time']]).toEqual([undefined, undefined, undefined])
  expect(headers['date']).toMatch(/GMT$/)
})

test('answers of the proxy itself carry the response values of their route, in which there is no status yet', async () => {
  const values = '{x-code: "%RESPONSE_CODE%", x-details: "%RESPONSE_CODE_DETAILS%", x-flags: "%RESPONSE_FLAGS%", x-req: "%REQ(x-in)%"}'
  const ask = await mesh(
    `
  - match: [{uri: {prefix: /direct}}]
    headers: {response: {set: ${values}}}
    directResponse: {status: 418, body: {string: tea}}
  - match: [{uri: {prefix: /redirect}}]
    headers: {response: {set: ${values}}}
    redirect: {uri: /x}
  - match: [{uri: {prefix: /nc}}]
    headers: {response: {set: ${values}}}
    route: [{destination: {host: nobody}}]
  - headers: {response: {set: ${values}}}
    retries: {attempts: 0}
    route: [{destination: {host: a}}]`,
    (_, response) => response.destroy()
  )
  const told = async (path: string): Promise<unknown[]> => {
    const { status, headers } = await ask(path, { 'x-in': 'i' })
    return [status, headers['x-code'], headers['x-details'], headers['x-flags'], headers['x-req']]
  }
  expect(await told('/direct')).toEqual([418, '0', 'direct_response', '-', 'i'])
  expect(await told('/redirect')).toEqual([301, '0', 'direct_response', '-', 'i'])
  expect(await told('/nc')).toEqual([503, '0', 'cluster_not_found', 'NC', 'i'])
  expect(await told('/else')).toEqual([503, '0', 'upstream_reset_before_response_started{connection_termination}', 'UC', 'i'])
})

test('what the proxy writes itself obeys removals and set values, on the first try', async () => {
  const ask = await mesh(
    `
  - headers: {request: {remove: [x-request-id, x-forwarded-proto], set: {x-envoy-attempt-count: "9"}}, response: {set: {date: now}}}
    route: [{destination: {host: a}}]`,
    echo
  )
  const answer = await ask('/')
  const seen = seenBy(answer)
  expect([seen['x-request-id'], seen['x-forwarded-proto'], seen['x-envoy-attempt-count']]).toEqual([undefined, undefined, '9'])
  expect(answer.headers['date']).toBe('now')
})

test('a later try is counted by the proxy again, and its values are those of the first', async () => {
  let tries = 0
  const ask = await mesh(
    `
  - headers: {request: {set: {x-envoy-attempt-count: "9", x-start: "%START_TIME(%s.%6f)%"}}, response: {set: {x-tries: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"}}}
    retries: {attempts: 1, retryOn: 5xx}
    route: [{destination: {host: a}}]`,
    (seen, response) => (++tries === 1 ? response.writeHead(500).end() : echo(seen, response))
  )
  const answer = await ask('/')
  expect(seenBy(answer)['x-envoy-attempt-count']).toBe('2')
  expect(seenBy(answer)['x-start']).toMatch(/^\d{10}\.\d{6}$/)
  expect(answer.headers['x-tries']).toBe('2')
})

test("a direct answer's values know the proxy's own address", async () => {
  const ask = await mesh('\n  - headers: {response: {set: {x-port: "%DOWNSTREAM_LOCAL_PORT%"}}}\n    directResponse: {status: 200}', echo)
  expect(Number((await ask('/')).headers['x-port'])).toBeGreaterThan(0)
})
