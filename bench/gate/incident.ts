// The incident that guides warn of: weights 1/99 written for 99/1 (or 90/10), a version that fails 99 % of its requests, and a person who
// undoes it. Replayed on a real instance by hand, and with a Canary under the gate: what the mistake costs in failed requests.
// Usage: node bench/gate/incident.ts [--rounds N]

import type { Serin } from '../../test/e2e/serin.ts'
import { deployment, service, weights } from '../../test/e2e/workloads.ts'
import { type Call, apiOf } from '../lib/api.ts'
import { rest, until, versionIn } from '../lib/canary-app.ts'
import { alone } from '../lib/command.ts'
import type { Bench, Finding } from '../lib/finding.ts'
import { startInstance } from '../lib/instance.ts'
import { type Stage, onStage, untilAnswered } from '../lib/stage.ts'
import { median, quantile } from '../lib/statistics.ts'
import { steady } from '../lib/steady.ts'
import { BASE, note, nothingSeen, RATE, type Seen, WatchedApp } from './watched-app.ts'

const ISTIO = '/apis/networking.istio.io/v1beta1/namespaces/default'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const HOST = 'payment-svc'
/** Share of v2's requests that fail. */
const BUG = 0.99
/** As soon as a person could: an alert over a minute, and an undo in the same second. */
const NOTICED_MS = 60_000
/** Minutes until others notice. */
const LATER = [5, 10]
/** Of the guide's Canary. */
const INTERVAL = '5m'
const BEFORE_MS = 30_000
const AFTER_MS = 1_000
const PATIENCE_MS = 420_000
const CONNECTIONS = 16

export const incidentBench: Bench = {
  name: 'gate-incident',
  question: 'what do weights of 1/99 with a bug on v2 cost, by hand and under the gate?',
  duration: ({ rounds }) => 60 + rounds * 120,
  run: ({ rounds }) => onStage((stage) => measure(stage, rounds))
}

/** Failed requests beyond those that fail anyway, and seconds from the first to the last request that met v2. */
interface Cost {
  readonly excess: number
  readonly seconds: number
}

const costOf = ({ failed, requests, firstFailed = Number.NaN, lastMet }: Seen): Cost => ({
  excess: Math.round(failed - requests * BASE),
  seconds: (lastMet - firstFailed) / 1000
})

async function measure(stage: Stage, rounds: number): Promise<Finding> {
  const serin = await startInstance(stage)
  const call = apiOf(serin)
  await setUpByHand(call, serin)
  const apps = ['led', 'typo'].map((name) => new WatchedApp(name, serin))
  for (const app of apps) await app.begin(INTERVAL)
  await rest(BEFORE_MS)
  const [byHand, led, typo]: [Cost[], Cost[], Cost[]] = [[], [], []]
  const [ledApp, typoApp] = apps
  if (ledApp === undefined || typoApp === undefined) throw new Error('two applications')
  for (let round = 0; round < rounds; round++) {
    byHand.push(await undoneByHand(call, serin))
    led.push(await underTheGate(ledApp))
    typo.push(await underTheGate(typoApp, (version) => mistyped(typoApp, call, version)))
    console.error(
      `round ${round + 1}: ${[byHand, led, typo].map((all) => `${all.at(-1)?.excess} in ${all.at(-1)?.seconds.toFixed(1)} s`).join(', ')}`
    )
  }
  for (const app of apps) await app.end()
  return finding(byHand, led, typo)
}

async function setUpByHand(call: Call, serin: Serin): Promise<void> {
  const v1 = deployment({ app: HOST, version: 'v1', image: 'serin/demo:v1', environment: { ERROR_RATE: String(BASE) } })
  const v2 = deployment({ app: HOST, version: 'v2', image: 'serin/demo:v2', environment: { ERROR_RATE: String(BASE + BUG) } })
  for (const object of [v1, v2]) await call('POST', DEPLOYMENTS, object)
  await call('POST', '/api/v1/namespaces/default/services', service(HOST, [80]))
  const istio = (kind: string, spec: object): object => ({
    apiVersion: 'networking.istio.io/v1beta1',
    kind,
    metadata: { name: HOST },
    spec
  })
  const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
  await call('POST', `${ISTIO}/destinationrules`, istio('DestinationRule', { host: HOST, subsets }))
  await call('POST', `${ISTIO}/virtualservices`, istio('VirtualService', { hosts: [HOST], ...weights(HOST, { v1: 100, v2: 0 }) }))
  await untilAnswered(Number(new URL(serin.addresses.mesh).port), `http://${HOST}/`, HOST)
}

/** The rule is written with its weights the wrong way round, and put right after NOTICED_MS. */
async function undoneByHand(call: Call, serin: Serin): Promise<Cost> {
  const end = new AbortController()
  const seen = nothingSeen()
  const port = Number(new URL(serin.addresses.mesh).port)
  const request = `GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`
  const load = steady({
    port,
    request,
    rate: RATE,
    connections: CONNECTIONS,
    signal: end.signal,
    onAnswer: (sent, status, body) => {
      if (versionIn(body) === 'v2') note(seen, sent, status)
    }
  })
  const write = (v1: number, v2: number): Promise<unknown> =>
    call('PATCH', `${ISTIO}/virtualservices/${HOST}`, { spec: weights(HOST, { v1, v2 }) })
  await rest(AFTER_MS)
  await write(1, 99)
  await rest(NOTICED_MS)
  await write(100, 0)
  await rest(AFTER_MS)
  end.abort()
  await load
  return costOf(seen)
}

/** The same bug, released by a Canary. */
async function underTheGate(watched: WatchedApp, meddle: (version: string) => Promise<void> = () => Promise.resolve()): Promise<Cost> {
  const version = await watched.release(BUG)
  await until(`requests meet ${version}`, () => watched.seen(version)?.firstFailed !== undefined, PATIENCE_MS)
  await meddle(version)
  await watched.app.untilPhase(['Failed', 'Succeeded'], PATIENCE_MS)
  await rest(AFTER_MS)
  const seen = watched.seen(version)
  if (seen === undefined) throw new Error(`nobody met ${version}`)
  return costOf(seen)
}

/** While the Canary is at its first weight, somebody writes 1/99 over it. */
async function mistyped({ app }: WatchedApp, call: Call, version: string): Promise<void> {
  const path = `${ISTIO}/virtualservices/${app.name}`
  const { body } = await call('GET', path)
  // A VirtualService, as the controller wrote it.
  const { http = [] } = (body as { readonly spec: { readonly http?: readonly Rule[] } }).spec
  const route = (rule: Rule): Rule => ({
    ...rule,
    route: rule.route.map((each) => ({ ...each, weight: each.destination.host.endsWith('-canary') ? 99 : 1 }))
  })
  await call('PATCH', path, { spec: { http: http.map(route) } })
  console.error(`${app.name}: 1/99 written over the rollout of ${version}`)
}

interface Rule {
  readonly route: readonly { readonly destination: { readonly host: string }; readonly weight: number }[]
}

function finding(byHand: readonly Cost[], led: readonly Cost[], typo: readonly Cost[]): Finding {
  const excess = (all: readonly Cost[]): readonly number[] => all.map((each) => each.excess)
  const aMinute = median(byHand.map((each) => (60 * each.excess) / each.seconds))
  const row = (what: string, all: readonly Cost[]): readonly string[] => [
    what,
    String(all.length),
    median(all.map(({ seconds }) => seconds)).toFixed(1),
    ...[0.5, 1].map((q) => quantile(excess(all), q).toFixed(0))
  ]
  const fewer = (all: readonly Cost[]): number => median(excess(byHand)) / median(excess(all))
  return {
    tables: [
      {
        title: `A version that fails ${100 * BUG} % of its requests, ${RATE} requests a second: what failed because of it`,
        columns: ['how', 'times', 'seconds it was met', 'failed, median', 'failed, most'],
        rows: [
          row('1/99 by hand, undone after a minute', byHand),
          ...LATER.map((minutes) => [
            `1/99 by hand, undone after ${minutes} min`,
            'by the minute',
            String(60 * minutes),
            (aMinute * minutes).toFixed(0),
            ''
          ]),
          row("the guide's Canary, with the gate", led),
          row('the same, and 1/99 written over it by hand', typo)
        ]
      }
    ],
    figures: [
      { id: 'times fewer failed than undone by hand after a minute', value: fewer(led), better: 'more', scale: 'ratio' },
      { id: 'the same with 1/99 written over the rollout', value: fewer(typo), better: 'more', scale: 'ratio' }
    ],
    notes: [
      'The guide gives no times. A minute is the quickest that an alert over a minute and a person could be; the rows below it are that rate for longer.',
      "The guide's Canary: interval 5m, threshold 5, stepWeight 10, maxWeight 50. Its own thresholds would undo the release after 25 minutes (Flagger: 30) at 10 %."
    ]
  }
}

if (import.meta.main) await alone(incidentBench)
