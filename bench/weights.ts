// How long after the API answered a change of weights the data plane obeys it. A real instance, changes 100/0 to 0/100 and back over the
// API, callers through the mesh that never stop asking: from the instant the answer's head is here to the sending of the first request
// after which no answer comes from the old version. Usage: node bench/weights.ts [--changes N]

import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generate } from '../src/load/generate.ts'
import { dig } from '../src/std/json.ts'
import { until } from '../test/e2e/run.ts'
import { type Serin, startSerin } from '../test/e2e/serin.ts'
import { deployment, service } from '../test/e2e/workloads.ts'

type Call = (method: string, path: string, body?: object) => Promise<{ readonly at: number; readonly body: unknown }>

/** One request of a caller: when it was sent, and the version that answered. */
interface Seen {
  readonly sent: number
  readonly version: string
}

const SETTLE = 250
const CALLERS = 1
const ISTIO = '/apis/networking.istio.io/v1/namespaces/default'

/** Calls of the API; `at` is when the head of the answer was here. */
function apiOf(serin: Serin): Call {
  const config = readFileSync(join(serin.dir, 'kubeconfig'), 'utf8')
  const token = /token: "(.*)"/.exec(config)?.[1] ?? ''
  const ca = Buffer.from(/certificate-authority-data: (.*)/.exec(config)?.[1] ?? '', 'base64')
  const agent = new https.Agent({ keepAlive: true, ca })
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const headers = { authorization: `Bearer ${token}`, 'content-type': type }
      const request = https.request(new URL(path, serin.addresses.api), { method, agent, headers }, (response) => {
        const at = performance.now()
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => ((response.statusCode ?? 500) < 300 ? resolve({ at, body: JSON.parse(text) }) : reject(new Error(text))))
      })
      request.on('error', reject)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
}

function split(v1: number, v2: number): object {
  const choice = (subset: string, weight: number): object => ({ destination: { host: 'reviews', subset }, weight })
  return { spec: { hosts: ['reviews'], http: [{ route: [choice('v1', v1), choice('v2', v2)] }] } }
}

async function setUp(call: Call, hosts: number): Promise<void> {
  const istio = (kind: string, name: string, more: object): object => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name },
    ...more
  })
  const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
  await call('POST', '/api/v1/namespaces/default/services', service('reviews'))
  for (const version of ['v1', 'v2'])
    await call(
      'POST',
      '/apis/apps/v1/namespaces/default/deployments',
      deployment({ app: 'reviews', version, image: `serin/demo:${version}` })
    )
  await call('POST', `${ISTIO}/destinationrules`, istio('DestinationRule', 'reviews', { spec: { host: 'reviews', subsets } }))
  await call('POST', `${ISTIO}/virtualservices`, istio('VirtualService', 'reviews', split(100, 0)))
  for (let at = 1; at < hosts; at += 1) {
    const name = `other-${at}`
    await call('POST', '/api/v1/namespaces/default/services', service(name))
    const spec = { hosts: [name], http: [{ route: [{ destination: { host: name } }] }] }
    await call('POST', `${ISTIO}/virtualservices`, istio('VirtualService', name, { spec }))
  }
}

/** Callers that ask until the signal; what they saw is in the array. */
function callers(serin: Serin, seen: Seen[], signal: AbortSignal): Promise<unknown> {
  const proxy = new URL(serin.addresses.mesh)
  const agent = new http.Agent({ keepAlive: true })
  const once = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = performance.now()
      const target = { host: proxy.hostname, port: proxy.port, path: 'http://reviews:8080/', headers: { host: 'reviews:8080' }, agent }
      const request = http.get(target, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => {
          seen.push({ sent, version: response.statusCode === 200 ? String(dig(JSON.parse(text), 'version')) : text })
          resolve()
        })
      })
      request.on('error', reject)
    })
  const caller = async (): Promise<void> => {
    while (!signal.aborted) await once()
  }
  return Promise.all(Array.from({ length: CALLERS }, caller))
}

interface Row {
  readonly hosts: number
  readonly rate: number
}

/** Milliseconds of each change, in order of size: of the API's answer, and from there to the effect. */
interface Times {
  readonly answer: readonly number[]
  readonly effect: readonly number[]
}

async function measure(row: Row, changes: number): Promise<Times> {
  const serin = await startSerin()
  const stop = new AbortController()
  try {
    const call = apiOf(serin)
    await setUp(call, row.hosts)
    const ready = async (version: string): Promise<boolean> =>
      dig((await call('GET', `/apis/apps/v1/namespaces/default/deployments/reviews-${version}`)).body, 'status', 'readyReplicas') === 1
    for (const version of ['v1', 'v2']) await until(`reviews-${version} is ready`, () => ready(version))
    const seen: Seen[] = []
    const calling = [callers(serin, seen, stop.signal)]
    if (row.rate > 0) calling.push(steadyLoad(serin, row.rate, stop.signal))
    const [answer, effect]: [number[], number[]] = [[], []]
    for (let at = 0; at < changes; at += 1) {
      const version = at % 2 === 0 ? 'v2' : 'v1'
      const asked = performance.now()
      const { at: answered } = await call('PATCH', `${ISTIO}/virtualservices/reviews`, version === 'v2' ? split(0, 100) : split(100, 0))
      await new Promise((resolve) => setTimeout(resolve, SETTLE))
      const after = seen
        .splice(0)
        .filter(({ sent }) => sent >= answered)
        .toSorted((a, b) => a.sent - b.sent)
      const first = after.findLastIndex((each) => each.version !== version) + 1
      answer.push(answered - asked)
      effect.push(first === 0 ? 0 : (after[first]?.sent ?? Number.POSITIVE_INFINITY) - answered)
    }
    stop.abort()
    await Promise.all(calling)
    return { answer: answer.toSorted((a, b) => a - b), effect: effect.toSorted((a, b) => a - b) }
  } finally {
    stop.abort()
    await serin.stop()
  }
}

async function steadyLoad(serin: Serin, rate: number, signal: AbortSignal): Promise<void> {
  const plan = { url: 'http://reviews:8080/', method: 'GET', headers: [], body: '', connections: 32, rate, count: undefined }
  await generate({ ...plan, duration: 600_000, timeout: 10_000 }, { signal, proxy: serin.addresses.mesh })
}

const { values } = parseArgs({ options: { changes: { type: 'string', default: '100' } } })
const ROWS: readonly Row[] = [
  { hosts: 1, rate: 0 },
  { hosts: 1, rate: 500 },
  { hosts: 100, rate: 0 },
  { hosts: 300, rate: 0 }
]
const figures = (sorted: readonly number[]): string =>
  [0.5, 0.99, 1]
    .map((share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1))
    .join(' / ')
console.log('| hosts | requests/s beside the caller | answer: median / p99 / most, ms | effect after the answer, ms | over 50 ms |')
console.log('|---|---|---|---|---|')
for (const row of ROWS) {
  const { answer, effect } = await measure(row, Number(values.changes))
  const late = effect.filter((ms) => ms > 50).length
  console.log(`| ${row.hosts} | ${row.rate} | ${figures(answer)} | ${figures(effect)} | ${late} of ${effect.length} |`)
}
