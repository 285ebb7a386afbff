// Lines of the access log as a data plane writes them (istio.md 6.3), and the bounds of its buffer.

import { expect, test } from 'vitest'
import {
  RETRY,
  cluster,
  counted,
  endpoint,
  forward,
  get,
  ok,
  onHeads,
  ownTime,
  plane,
  statusOf,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'
import type { Route } from '../route/route-table.ts'
import type { AccessLogSpec } from './access-log.ts'
import type { DataPlane } from './data-plane.ts'
import type { LogLine } from './log-frames.ts'

const TEXT: AccessLogSpec = { encoding: 'text', format: undefined, routes: 'all' }
const JSON_LINES: AccessLogSpec = { ...TEXT, encoding: 'json' }

/** What changes from run to run, by its kind. */
function plain(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, '<id>')
}

const linesOf = (made: DataPlane): string[] => made.takeLog().map(([pod, text]) => `${pod}: ${plain(text)}`)
const named = (name: string, route: Route, log?: 'on' | 'off'): Route => ({
  ...route,
  ref: { ...route.ref, name, ...(log === undefined ? {} : { log }) }
})

test("a request has a line at its caller's and one at the called pod's", async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('hello')))
  const changes = table([cluster('outbound|80||reviews', [endpoint(port)])], [named('main', forward([['outbound|80||reviews', 1]]))])
  const { plane: made, port: at } = await plane(changes, { accessLog: TEXT })
  await talk(
    at,
    `POST /a?b HTTP/1.1\r\nHost: reviews\r\nUser-Agent: curl/8 "q"\r\nX-Request-Id: id-1\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc`
  )
  const times = /" 3 5 \d+ \d+ "/g
  expect(linesOf(made).map((line) => line.replace(times, '" 3 5 D S "').replaceAll(String(port), 'PORT'))).toEqual([
    `default/pod-PORT: [<time>] "POST /a?b HTTP/1.1" 200 - via_upstream - "-" 3 5 D S "127.0.0.1" "curl/8 "q"" "<id>" "reviews" ` +
      `"<address>" inbound|PORT|| <address> <address> <address> - default`,
    `: [<time>] "POST /a?b HTTP/1.1" 200 - via_upstream - "-" 3 5 D S "127.0.0.1" "curl/8 "q"" "<id>" "reviews" ` +
      `"<address>" outbound|80||reviews <address> <address> <address> - main`
  ])
})

test('JSON has a key for every value, numbers as numbers and null for nothing', async () => {
  const { plane: made, port: at } = await plane(table([], []), { accessLog: JSON_LINES })
  await talk(at, get('/nowhere'))
  const [line] = made.takeLog()
  expect(JSON.parse(line?.[1] ?? '')).toEqual({
    authority: 'reviews',
    bytes_received: 0,
    bytes_sent: 0,
    connection_termination_details: null,
    downstream_local_address: `127.0.0.1:${at}`,
    downstream_remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    duration: expect.any(Number),
    method: 'GET',
    path: '/nowhere',
    protocol: 'HTTP/1.1',
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    requested_server_name: null,
    response_code: 404,
    response_code_details: 'route_not_found',
    response_flags: 'NR',
    route_name: null,
    start_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    upstream_cluster: null,
    upstream_host: null,
    upstream_local_address: null,
    upstream_service_time: null,
    upstream_transport_failure_reason: null,
    user_agent: null,
    x_forwarded_for: '127.0.0.1'
  })
  expect(line?.[1].indexOf('"authority"')).toBeLessThan(line?.[1].indexOf('"bytes_received"') ?? 0)
})

const SHORT: AccessLogSpec = {
  ...TEXT,
  format:
    '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %UPSTREAM_CLUSTER_RAW% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %RESP(x-from)%\n'
}

test('every way a request can end has its flags and details, and each try its line at the pod', async () => {
  let tries = 0
  const failing = await upstream((socket) => onHeads(socket, () => (++tries, 'HTTP/1.1 500 No\r\nX-From: f\r\nContent-Length: 0\r\n\r\n')))
  const closing = await upstream((socket) => socket.on('data', () => socket.destroy()))
  let waiting = 0
  const silent = await upstream((socket) => onHeads(socket, () => (waiting++, '')))
  const routes = [
    { ...forward([['failing', 1]], { retry: { ...RETRY, attempts: 1 } }), path: { kind: 'exact', value: '/retried', ignoreCase: false } },
    { ...forward([['closing', 1]]), path: { kind: 'exact', value: '/closed', ignoreCase: false } },
    { ...forward([['silent', 1]], { timeout: 2000 }), path: { kind: 'exact', value: '/late', ignoreCase: false } },
    { ...forward([['none', 1]]), path: { kind: 'exact', value: '/none', ignoreCase: false } },
    { ...forward([['missing', 1]]), path: { kind: 'exact', value: '/missing', ignoreCase: false } }
  ] as const
  const clusters = [
    cluster('failing', [endpoint(failing)]),
    cluster('closing', [endpoint(closing)]),
    cluster('silent', [endpoint(silent)]),
    cluster('none', [])
  ]
  const time = ownTime()
  const { plane: made, port: at } = await plane(table(clusters, routes), { accessLog: SHORT, ...time })
  // Once the request waits for nothing but time, time passes.
  const told = async (path: string, wait?: { readonly waits: () => boolean; readonly for: number }): Promise<string[]> => {
    const asked = talk(at, get(path))
    if (wait !== undefined) {
      await until(wait.waits)
      await time.clock.advance(wait.for)
    }
    await asked
    return linesOf(made).map((line) => line.replace(/pod-\d+/, 'pod').replace(/inbound\|\d+/, 'inbound|P'))
  }
  expect(await told('/retried', { waits: () => counted(made, 'destination').includes('v1 500 - 1'), for: 10 })).toEqual([
    'default/pod: 500 - via_upstream inbound|P|| 1 -',
    'default/pod: 500 - via_upstream inbound|P|| 1 f',
    ': 500 URX via_upstream failing 2 f'
  ])
  expect(tries).toBe(2)
  expect(await told('/closed')).toEqual([
    'default/pod: 503 UC upstream_reset_before_response_started{connection_termination} inbound|P|| 1 -',
    ': 503 UC upstream_reset_before_response_started{connection_termination} closing 1 -'
  ])
  expect(await told('/late', { waits: () => waiting === 1, for: 2100 })).toEqual([
    'default/pod: 0 DC downstream_remote_disconnect inbound|P|| 1 -',
    ': 504 UT response_timeout silent 1 -'
  ])
  expect(await told('/none')).toEqual([': 503 UH no_healthy_upstream none 0 -'])
  expect(await told('/missing')).toEqual([': 503 NC cluster_not_found - 0 -'])
})

test('a mirrored request has a line at the pod that got the copy, and none of its own at the caller', async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('')))
  const mirror = await upstream((socket) => onHeads(socket, () => ok('seen')))
  const spec: AccessLogSpec = {
    ...TEXT,
    format: '%REQ(:path)% %RESPONSE_CODE% %BYTES_SENT% %UPSTREAM_CLUSTER_RAW% %REQ(x-envoy-internal)%'
  }
  const clusters = [cluster('c', [endpoint(port)]), cluster('m', [endpoint(mirror)])]
  const routes = [forward([['c', 1]], { mirrors: [{ cluster: 'm', millionths: 1_000_000 }] })]
  const { plane: made, port: at } = await plane(table(clusters, routes), { accessLog: spec })
  await talk(at, get('/a'))
  const lines: string[] = []
  await until(() => lines.push(...linesOf(made)) > 2)
  expect(lines.toSorted()).toEqual(
    [
      `: /a 200 0 c -`,
      `default/pod-${port}: /a 200 0 inbound|${port}|| -`,
      `default/pod-${mirror}: /a 200 4 inbound|${mirror}|| true`
    ].toSorted()
  )
})

test('an endpoint that refuses connections is named with what the system said', async () => {
  const spec: AccessLogSpec = {
    ...TEXT,
    format: '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %UPSTREAM_HOST%'
  }
  const { plane: made, port: at } = await plane(table([cluster('c', [endpoint(1)])], [forward([['c', 1]])]), { accessLog: spec })
  await talk(at, get('/'))
  const why = 'delayed_connect_error:_Connection_refused'
  expect(linesOf(made)).toEqual([`: UF upstream_reset_before_response_started{remote_connection_failure|${why}} "${why}" <address>`])
})

test('a client that leaves before the answer has a line of its own', async () => {
  const silent = await upstream((socket) => socket.resume())
  const { plane: made, port: at } = await plane(table([cluster('c', [endpoint(silent)])], [forward([['c', 1]])]), { accessLog: SHORT })
  const lines: LogLine[] = []
  const asked = talk(at, ['GET / HTTP/1.1\r\nHost: reviews\r\n\r\n'], () => true)
  await until(() => [...made.clusters.values()].some(({ slots }) => slots.some(({ active }) => active > 0)))
  await made.drain(0)
  await asked
  await until(() => lines.push(...made.takeLog()) > 0)
  expect(lines.at(-1)?.[1]).toBe('0 DC downstream_remote_disconnect c 1 -')
})

test('the client of a called pod is whom the proxy before says it is; at a gateway it is the peer', async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('')))
  const spec: AccessLogSpec = { ...TEXT, format: '%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' }
  const { plane: made, port: at } = await plane(table([cluster('c', [endpoint(port)])], [forward([['c', 1]])]), { accessLog: spec })
  await talk(at, get('/', 'X-Forwarded-For: 10.1.1.1\r\n'))
  expect(made.takeLog().map(([, text]) => text)).toEqual([
    '127.0.0.1:0 127.0.0.1',
    expect.stringMatching(/^127\.0\.0\.1:[1-9]\d* 127\.0\.0\.1$/)
  ])
})

test('what cannot be understood has a line as well', async () => {
  const { plane: made, port: at } = await plane(table([], []), { accessLog: TEXT, ...ownTime() })
  expect(statusOf(await talk(at, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'))).toBe(400)
  expect(linesOf(made)[0]).toMatch(
    /^: \[<time>\] "- - HTTP\/1\.1" 400 DPE http1\.codec_error - "-" 0 \d+ 0 - "-" "-" "-" "-" "-" - - <address> <address> - -$/
  )
})

test('routes have their own word: on where all is off, off where all is on', async () => {
  const port = await upstream((socket) => onHeads(socket, () => ok('')))
  const routes = [
    { ...named('quiet', forward([['c', 1]]), 'off'), path: { kind: 'exact', value: '/quiet', ignoreCase: false } as const },
    { ...named('loud', forward([['c', 1]]), 'on'), path: { kind: 'exact', value: '/loud', ignoreCase: false } as const },
    named('rest', forward([['c', 1]]))
  ]
  const spec: AccessLogSpec = { ...TEXT, format: '%ROUTE_NAME%' }
  const changes = table([cluster('c', [endpoint(port)])], routes)
  const routesOf = async (routes: AccessLogSpec['routes']): Promise<string[]> => {
    const { plane: made, port: at } = await plane(changes, { accessLog: { ...spec, routes } })
    for (const path of ['/quiet', '/loud', '/']) await talk(at, get(path))
    return linesOf(made).filter((line) => line.startsWith(': '))
  }
  expect(await routesOf('all')).toEqual([': loud', ': rest'])
  expect(await routesOf('chosen')).toEqual([': loud'])
})

test('a full buffer leaves lines out, counts them, and goes on when it was emptied', async () => {
  const { plane: made, port: at } = await plane(table([], []), { accessLog: TEXT, limits: { accessLogBytesMax: 200 } })
  for (let index = 0; index < 5; index++) await talk(at, get(`/${index}`))
  expect(made.recorder.reached()['accessLogBytesMax']).toBe(3)
  expect(made.takeLog()).toHaveLength(2)
  await talk(at, get('/again'))
  expect(made.takeLog().map(([, text]) => text.includes('"GET /again HTTP/1.1"'))).toEqual([true])
})

test('without an access log nothing is kept', async () => {
  const { plane: made, port: at } = await plane(table([], []))
  await talk(at, get('/'))
  expect(made.takeLog()).toEqual([])
})

test('text of other letters stays what it was', async () => {
  const { plane: made, port: at } = await plane(
    table([], [{ ...forward([['c', 1]]), ref: { virtualService: 'a/b', name: 'x', index: 0 } }]),
    {
      accessLog: { ...TEXT, format: 'é %REQ(x)% %REQ(:path)%' }
    }
  )
  await talk(at, get('/', `X: ${Buffer.from('ü').toString('latin1')}\r\n`))
  expect(made.takeLog().map(([, text]) => text)).toEqual(['é ü /'])
})
