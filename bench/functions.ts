// What the functions cost that every request passes, in nanoseconds, each with a budget. A request costs a worker some 14 us, of which all
// that is ours has about a third (proxy.md 6): a budget says how much of it a function may take. Usage: node bench/functions.ts [--rounds N]

import { Recorder } from '../src/metrics/recorder.ts'
import { AccessLog } from '../src/proxy/access-log.ts'
import { HEAD } from '../src/proxy/head.ts'
import { HeadText } from '../src/proxy/head-text.ts'
import type { Known } from '../src/proxy/known-facts.ts'
import { serviceTime } from '../src/proxy/known.ts'
import { scanRequest, scanResponse } from '../src/proxy/scanner.ts'
import { chooseEndpoint } from '../src/route/balance.ts'
import { clusterState } from '../src/route/cluster-state.ts'
import { compileRoutes } from '../src/route/compile-routes.ts'
import { decide } from '../src/route/decide.ts'
import { meshConfigOf } from '../src/route/mesh-objects.ts'
import type { RequestFacts } from '../src/route/request-facts.ts'
import { gatewayScope, meshScope } from '../src/route/route-table.ts'
import { prepare } from '../src/route/router.ts'
import { seeded } from '../src/std/draw.ts'
import { alone } from './lib/command.ts'
import type { Bench, Finding } from './lib/finding.ts'
import { HEADERS } from './lib/wrk.ts'
import { CALLED, compiledRules } from './proxy-rules.ts'

/** One function: `act` does it once and gives a number that depends on the result, so that nothing is optimized away. */
interface Subject {
  readonly name: string
  /** Nanoseconds, at most. */
  readonly budget: number
  readonly because: string
  readonly act: () => number
  /** The same without what is to be measured: its time is taken off. */
  readonly base?: () => number
}

/** Short enough to be left alone by the scheduler now and then: the quickest batch counts, as whatever disturbs one only adds to it. */
const BATCH_MS = 0.3
const ROUND_MS = 200

export const functionsBench: Bench = {
  name: 'functions',
  question: 'what do the functions cost that every request passes?',
  duration: ({ rounds }) => 2 + (11 * rounds * ROUND_MS) / 1000,
  run: ({ rounds }) => Promise.resolve(run(rounds))
}

function run(rounds: number): Finding {
  const measured = subjects().map((subject) => ({ ...subject, ns: costOf(subject, rounds) }))
  return {
    tables: [
      {
        title: 'Nanoseconds a call',
        columns: ['function', 'ns', 'budget', 'because'],
        rows: measured.map(({ name, ns, budget, because }) => [name, ns.toFixed(0), String(budget), because])
      }
    ],
    figures: measured.map(({ name, ns, budget }) => ({
      id: `${name}, ns`,
      value: ns,
      better: 'less',
      scale: 'machine',
      limit: budget,
      grain: 20
    })),
    notes: [`The quickest of the batches of ${BATCH_MS} ms in ${rounds * ROUND_MS} ms: whatever disturbs a batch only adds to it.`]
  }
}

function costOf({ act, base }: Subject, rounds: number): number {
  return quickest(act, rounds) - (base === undefined ? 0 : quickest(base, rounds))
}

function quickest(act: () => number, rounds: number): number {
  const end = performance.now() + rounds * ROUND_MS
  let best = Number.POSITIVE_INFINITY
  let calls = 100
  while (performance.now() < end) {
    const took = batch(act, calls)
    best = Math.min(best, (took * 1e6) / calls)
    if (took < BATCH_MS) calls = Math.ceil(calls * 1.2)
  }
  return best
}

function batch(act: () => number, calls: number): number {
  let sum = 0
  const start = performance.now()
  for (let call = 0; call < calls; call += 1) sum += act()
  const took = performance.now() - start
  if (Number.isNaN(sum)) throw new Error('a function gave no number')
  return took
}

function subjects(): Subject[] {
  return [
    ...(
      [
        [20, 700, 'a host of a usual size: 5 % of a request'],
        [50, 1750, 'the same 35 ns for each rule that does not match'],
        [200, 7000, 'the same for each rule: half a request, on a host that is rare']
      ] as const
    ).map(([count, budget, because]) => ({ name: `decide, the last of ${count} rules`, budget, because, act: deciding(count) })),
    {
      name: 'decide, the rules of the proxy bench',
      budget: 350,
      because: 'four rules on one of 200 hosts: 2.5 % of a request',
      act: decidingBench()
    },
    { name: 'request head, 9 fields', budget: 900, because: 'p3 took 541; this one also notes the fields it knows', act: parsingRequest() },
    {
      name: 'response head, 6 fields',
      budget: 500,
      because: 'p3 took 200 for fewer fields; with the request head 10 % of a request',
      act: parsingResponse()
    },
    { name: 'metric cell, one request', budget: 60, because: 'two adds and a histogram (9 ns in p3)', act: recording() },
    {
      name: 'choice by weight, 90/10, beyond one destination',
      budget: 30,
      because: 'a draw and a walk over two intervals',
      act: deciding(1),
      base: deciding(1, 1)
    },
    {
      name: 'two lines of the access log, text',
      budget: 4000,
      because: 'those of a request, in chunks as they leave; p3 took 1,700 for one',
      act: logging()
    },
    { name: 'endpoint by least request, of 3', budget: 80, because: 'two draws; p3 took 33', act: balancing() }
  ]
}

/** `count` rules in turn by prefix, header and exact path, of which the last splits between so many destinations. */
function rules(count: number, destinations: number): unknown[] {
  const route = [{ destination: { host: 'web' } }]
  const matched = Array.from({ length: count - 1 }, (_, at) => {
    const kinds = [{ uri: { prefix: `/api/v${at}/` } }, { headers: { 'x-group': { exact: `g${at}` } } }, { uri: { exact: `/exact/${at}` } }]
    return { match: [kinds[at % kinds.length]], route }
  })
  return [...matched, { route: split.slice(0, destinations) }]
}

const split = ['v1', 'v2'].map((subset, at) => ({ destination: { host: 'web', subset }, weight: at === 0 ? 90 : 10 }))

const factsOf = (authority: string): RequestFacts => {
  const headers: Readonly<Record<string, string>> = { 'x-group': 'none', 'user-agent': HEADERS[0]?.slice(12) ?? '' }
  const addresses = { remote: '127.0.0.1:50000', local: '127.0.0.1:80' }
  return { method: 'GET', path: '/products/7?color=red', authority, scheme: 'http', ...addresses, header: (name) => headers[name] }
}

function deciding(count: number, destinations = 2): () => number {
  const istio = 'networking.istio.io/v1'
  const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: {}, ports: [{ port: 80 }] } },
    { apiVersion: istio, kind: 'DestinationRule', metadata: { name: 'web' }, spec: { host: 'web', subsets } },
    { apiVersion: istio, kind: 'VirtualService', metadata: { name: 'web' }, spec: { hosts: ['web'], http: rules(count, destinations) } }
  ]
  const router = prepare(compileRoutes(meshConfigOf(objects)).table)
  const scope = meshScope(router.sourceLabels, { namespace: 'default', labels: {} }, 80)
  const facts = factsOf('web')
  const draw = seeded(1)
  if (decide(router, scope, facts, draw).kind !== 'forward') throw new Error('the last rule forwards')
  return () => decide(router, scope, facts, draw).kind.length
}

function decidingBench(): () => number {
  const router = prepare(compiledRules(1))
  const scope = gatewayScope(80)
  const facts = factsOf(CALLED)
  const draw = seeded(1)
  if (decide(router, scope, facts, draw).kind !== 'forward') throw new Error('the last rule forwards')
  return () => decide(router, scope, facts, draw).kind.length
}

function parsingRequest(): () => number {
  const bytes = Buffer.from(`GET /products/7?color=red HTTP/1.1\r\n${[`Host: ${CALLED}`, ...HEADERS].join('\r\n')}\r\n\r\n`, 'latin1')
  if (scanRequest(bytes, 0, bytes.length) !== HEAD) throw new Error('a whole head is read')
  return () => scanRequest(bytes, 0, bytes.length)
}

function parsingResponse(): () => number {
  const fields = ['Server: nginx', 'Date: Sat, 21 Nov 2026 12:00:00 GMT', 'Content-Type: application/json', 'Content-Length: 100']
  const lines = ['HTTP/1.1 200 OK', ...fields, 'Connection: keep-alive', 'X-Version: v1']
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  if (scanResponse(bytes, 0, bytes.length) !== HEAD) throw new Error('a whole head is read')
  return () => scanResponse(bytes, 0, bytes.length)
}

function recording(): () => number {
  const destination = { destinationService: CALLED, destinationServiceName: 'reviews', destinationServiceNamespace: 'default' }
  const source = { sourceWorkload: 'gateway', sourceNamespace: 'default', sourceApp: 'gateway', sourceVersion: 'latest' }
  const called = { destinationWorkload: 'reviews-v1', destinationNamespace: 'default', destinationApp: 'reviews', destinationVersion: 'v1' }
  const cell = new Recorder().cell({ reporter: 'source', ...source, ...called, ...destination })
  const draw = seeded(1)
  return () => {
    cell.record(200, '-', draw() * 50)
    return 1
  }
}

function logging(): () => number {
  const clocks = { clock: { now: () => Date.now(), after: () => () => undefined }, monotonic: () => performance.now() }
  const bounds = { clocks, bytesMax: 1_000_000, onFull: () => undefined }
  const log = new AccessLog({ encoding: 'text', format: undefined, routes: 'all' }, bounds)
  const lines = [`GET /products/7?color=red HTTP/1.1`, `Host: ${CALLED}`, ...HEADERS]
  const head = `${lines.join('\r\n')}\r\nx-forwarded-for: 127.0.0.1\r\nx-request-id: 4bf92f35-77b3-4da6-a3ce-929d0e0e4736\r\n\r\n`
  const request = { method: 'GET', minor: 1, path: '/products/7?color=red', authority: CALLED }
  const times = { started: performance.now(), requestDone: performance.now(), answered: performance.now(), ended: performance.now() }
  const known: Omit<Known, 'request'> = {
    place: {},
    answer: serviceTime(0),
    client: { remote: '127.0.0.1:50000', local: '127.0.0.1:80', edge: true },
    route: { virtualService: 'default/reviews', name: undefined, index: 0 },
    cluster: `outbound|80|v1|${CALLED}`,
    body: '',
    status: 200,
    flags: '-',
    details: 'via_upstream',
    attempts: 1,
    upstreamHost: '127.0.0.1:8080',
    upstreamLocal: '127.0.0.1:40000',
    upstreamFailure: undefined,
    received: 0,
    sent: 100,
    ...times
  }
  let count = 0
  return () => {
    const ofRequest = { ...known, request: { ...request, head: new HeadText(head) } }
    log.write('', ofRequest)
    log.write('default/reviews-0', ofRequest)
    // What was written is taken as a worker takes it.
    const chunk = ++count % 100 === 0 ? log.take() : undefined
    if (chunk !== undefined) log.free(chunk)
    return 1
  }
}

function balancing(): () => number {
  const table = compiledRules(1)
  const cluster = table.clusters[`outbound|80|v1|${CALLED}`]
  if (cluster === undefined) throw new Error('the called host has a subset v1')
  const state = clusterState(cluster, 0)
  const draw = seeded(1)
  const choosing = { now: 0, draw }
  return () => chooseEndpoint(state, choosing)?.endpoint.port ?? Number.NaN
}

if (import.meta.main) await alone(functionsBench)
