import { afterEach, beforeEach, expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import { LocalClient } from '../kube/local-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { GATE_ANNOTATIONS } from '../canary/gate-request.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import { Findings } from './findings.ts'
import { KINDS, rulesFor } from './kinds.ts'

const LONG_ENOUGH = 5_000

let clock: VirtualClock
let findings: Findings
let lines: string[]
let stop: AbortController

beforeEach(async () => {
  clock = new VirtualClock(1_790_000_000_000)
  stop = new AbortController()
  lines = []
  const draw = seeded(1)
  const api = await EmbeddedApi.open({ kinds: KINDS, rules: rulesFor('127.96'), journal: new MemoryJournal(), clock, draw })
  const client = new LocalClient(api)
  const recorder = new EventRecorder({ client, clock, draw, component: 'serin', time: formatInstant })
  findings = new Findings({ client, clock, draw, recorder, log: (line) => lines.push(line) })
  findings.run(stop.signal).catch(() => undefined)
  await clock.advance(LONG_ENOUGH)
})

afterEach(() => stop.abort(new Error('over')))

/** What is said once this has been so for a while. */
async function saidOf(...objects: readonly KubeObject[]): Promise<readonly string[]> {
  lines = []
  for (const object of objects) findings.hear({ kind: 'modified', object, previous: undefined })
  await clock.advance(LONG_ENOUGH)
  return lines
}

const templateOf = (name: string, query: string): KubeObject => ({
  apiVersion: 'flagger.app/v1beta1',
  kind: 'MetricTemplate',
  metadata: { name, namespace: 'test', uid: name },
  spec: { provider: { type: 'prometheus', address: 'http://prometheus:9090' }, query }
})

function withStreams(canary: KubeObject): KubeObject {
  return { ...canary, metadata: { ...canary.metadata, annotations: { [GATE_ANNOTATIONS.streams]: 'orders=orders:lost' } } }
}

test('what only lint told of a Canary is told to be resolved', async () => {
  const [orders, lost] = [templateOf('orders', 'orders_total'), templateOf('lost', 'sum(rate(lost_total[1m]))')]
  const told = await saidOf(withStreams(canaryOf()), orders, lost)
  expect(told).toEqual([expect.stringMatching(/MetricTemplate test\/lost: .*the stream orders is not judged/)])
  expect(await saidOf(templateOf('lost', 'lost_total'))).toEqual([`resolved: ${told[0]}`])
})

test('what the controller tells of a Canary is neither told nor told to be resolved', async () => {
  expect(await saidOf(canaryOf({}, { service: {} }))).toEqual([])
  expect(await saidOf(canaryOf())).toEqual([])
  expect(await saidOf(canaryOf({ interval: '1 minute' }))).toEqual([])
  expect(await saidOf(canaryOf())).toEqual([])
})
