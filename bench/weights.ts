// When a change of weights is in force, and that nothing is lost by it: a real instance, a VirtualService that goes from 100/0 to 0/100 and
// back ten times a second by PATCH over the API, and 20,000 requests per second through the mesh. A change is in force from the sending of
// the first request after which the old version answers no more. Usage: node bench/weights.ts [--rounds N] [--seconds N]

import { ADDRESSES, startBackend } from './lib/backend.ts'
import { type Call, apiOf } from './lib/api.ts'
import { alone } from './lib/command.ts'
import type { Bench, BenchOptions, Figure, Finding } from './lib/finding.ts'
import { startInstance } from './lib/instance.ts'
import { onStage, untilAnswered } from './lib/stage.ts'
import { quantile } from './lib/statistics.ts'
import { type SteadyReport, steady } from './lib/steady.ts'
import { Switches } from './lib/switches.ts'

const ISTIO = 'networking.istio.io/v1'
const PATH = '/apis/networking.istio.io/v1/namespaces/default'
const HOST = 'reviews.bench'
const RATE = 20_000
const CONNECTIONS = 64
/** Between two changes. */
const PERIOD_MS = 100
const CHANGES_MIN = 50
/** How many other hosts have rules. */
const OTHERS = [0, 100]
const VERSIONS: Readonly<Record<string, readonly string[]>> = { v1: ADDRESSES.slice(0, 3), v2: ADDRESSES.slice(3) }
const REQUEST = `GET http://${HOST}/who HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`

/** What one instance showed. */
interface Row {
  readonly others: number
  readonly load: SteadyReport
  readonly switches: Switches
}

export const weightsBench: Bench = {
  name: 'weights',
  question: 'when is a change of weights in force, and what is lost by it?',
  duration: (options) => OTHERS.length * (8 + (changesOf(options) * PERIOD_MS) / 1000),
  run: async (options) => {
    const rows: Row[] = []
    for (const others of OTHERS) rows.push(await measure(others, changesOf(options)))
    return finding(rows)
  }
}

const changesOf = ({ rounds, seconds }: BenchOptions): number => Math.max(CHANGES_MIN, 20 * rounds * seconds)

function measure(others: number, changes: number): Promise<Row> {
  return onStage(async (stage) => {
    const backend = await startBackend(stage)
    const serin = await startInstance(stage)
    const call = apiOf(serin)
    await setUp(call, backend, others)
    const port = Number(new URL(serin.addresses.mesh).port)
    await untilAnswered(port, `http://${HOST}/who`, HOST)
    const switches = new Switches(VERSIONS)
    const end = new AbortController()
    const onAnswer = (sent: number, _: number, body: string): void => switches.answered(sent, body)
    const load = steady({ port, request: REQUEST, rate: RATE, connections: CONNECTIONS, signal: end.signal, onAnswer })
    await change(call, switches, changes)
    end.abort()
    return { others, load: await load, switches }
  })
}

/** Changes the weights at each period; one that is answered later than that makes the next one late. */
async function change(call: Call, switches: Switches, changes: number): Promise<void> {
  let next = performance.now() + 1000
  for (let at = 0; at < changes; at += 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())))
    const version = at % 2 === 0 ? 'v2' : 'v1'
    const asked = performance.now()
    switches.asked(version, asked)
    const { at: answered } = await call('PATCH', `${PATH}/virtualservices/reviews`, version === 'v2' ? split(0, 100) : split(100, 0))
    switches.obeyed(answered)
    next = Math.max(next + PERIOD_MS, asked + PERIOD_MS)
  }
  await new Promise((resolve) => setTimeout(resolve, PERIOD_MS))
  switches.end()
}

function split(v1: number, v2: number): object {
  const choice = (subset: string, weight: number): object => ({ destination: { host: HOST, subset }, weight })
  return { spec: { hosts: [HOST], http: [{ route: [choice('v1', v1), choice('v2', v2)] }] } }
}

async function setUp(call: Call, backend: number, others: number): Promise<void> {
  const put = (kind: string, resource: string, name: string, more: object): Promise<unknown> =>
    call('POST', `${PATH}/${resource}`, { apiVersion: ISTIO, kind, metadata: { name }, ...more })
  const ports = [{ number: 80, name: 'http', protocol: 'HTTP', targetPort: backend }]
  const endpoints = Object.entries(VERSIONS).flatMap(([version, addresses]) =>
    addresses.map((address) => ({ address, labels: { version } }))
  )
  const entry = { ports, location: 'MESH_INTERNAL', resolution: 'STATIC', endpoints }
  await put('ServiceEntry', 'serviceentries', 'reviews', { spec: { ...entry, hosts: [HOST] } })
  const subsets = Object.keys(VERSIONS).map((name) => ({ name, labels: { version: name } }))
  await put('DestinationRule', 'destinationrules', 'reviews', { spec: { host: HOST, subsets } })
  await put('VirtualService', 'virtualservices', 'reviews', split(100, 0))
  for (let at = 1; at <= others; at += 1) {
    const host = `other-${at}.bench`
    await put('ServiceEntry', 'serviceentries', `other-${at}`, { spec: { ...entry, hosts: [host] } })
    const spec = { hosts: [host], http: [{ route: [{ destination: { host } }] }] }
    await put('VirtualService', 'virtualservices', `other-${at}`, { spec })
  }
}

function finding(rows: readonly Row[]): Finding {
  const three = (values: readonly number[]): string => [0.5, 0.99, 1].map((q) => quantile(values, q).toFixed(1)).join(' / ')
  const cells = rows.map(({ others, load, switches: { answers, effects, whole, rate } }) => [
    String(others + 1),
    Math.round(load.sent / load.seconds).toString(),
    rate.toFixed(1),
    String(answers.length),
    three(answers),
    three(effects),
    three(whole),
    String(load.bad)
  ])
  const columns = [
    'hosts',
    'requests/s',
    'changes/s',
    'changes',
    'answer to the PATCH, ms',
    'then in force after, ms',
    'from PATCH to in force, ms',
    'lost'
  ]
  return {
    tables: [{ title: 'Changes from 100/0 to 0/100 and back: median / p99 / most', columns, rows: cells }],
    figures: rows.flatMap(figuresOf),
    notes: [
      `Wanted: ${RATE} requests and ${1000 / PERIOD_MS} changes per second; beside it stands what the machine gave.`,
      'The API answers a change of rules when every worker obeys it (docs/decisions/030), so nothing is left to wait for after the answer.'
    ]
  }
}

function figuresOf({ others, load, switches: { effects, whole } }: Row): Figure[] {
  const hosts = `${others + 1} hosts`
  return [
    {
      id: `${hosts}: most ms from the answer to in force`,
      value: quantile(effects, 1),
      better: 'less',
      scale: 'machine',
      limit: 50,
      grain: 10
    },
    {
      id: `${hosts}: median ms from PATCH to in force`,
      value: quantile(whole, 0.5),
      better: 'less',
      scale: 'machine',
      limit: 50,
      grain: 5
    },
    { id: `${hosts}: requests lost`, value: load.bad, better: 'less', scale: 'ratio', limit: 0 }
  ]
}

if (import.meta.main) await alone(weightsBench)
