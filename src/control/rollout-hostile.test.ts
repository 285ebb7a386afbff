// Text of strangers in every place where one can put it, and every place where it comes out: Events, log, conditions, Releases, alerts,
// event webhooks, metrics, a terminal. It is shown as words, and steers nothing.

import { expect, test } from 'vitest'
import { canaryOf, deploymentOf } from '../../test/rollout-objects.ts'
import { type World, worldOf } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { blockOf, changeLine, dataText, tableOf } from '../cli/rollout-view.ts'
import { factsOf } from '../cli/rollout-facts.ts'
import { releasesOf, seenIn } from '../cli/release-facts.ts'
import { historyTable } from '../cli/release-view.ts'
import { lintRollouts } from '../lint/rollouts.ts'
import { problemLine } from '../lint/problem-text.ts'
import { exposition } from '../metrics/exposition.ts'
import { payloadOf } from '../remote/alert-payloads.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'
import { ExportedMetrics } from './exported-metrics.ts'

const EVIL = 'x\u001B[31m\u0007\r\n\u202Eevil\u009B"\\{}|<!channel>'
const UNFIT = /[\p{Cc}\p{Bidi_Control}]/u

interface Place {
  readonly analysis?: Record<string, unknown>
  readonly spec?: Record<string, unknown>
  readonly annotations?: Record<string, string>
  readonly image?: string
  readonly given?: (world: World) => void
}

const hook = (change: object): Record<string, unknown> => ({
  webhooks: [{ name: 'gate', type: 'pre-rollout', url: 'http://hooks/bad', ...change }]
})
const says = (kind: 'answered' | 'unreachable') => (world: World) => {
  world.answers['bad'] = kind === 'answered' ? { kind, status: 500, body: EVIL } : { kind, because: EVIL }
}
const inline = { metrics: [{ name: 'custom', query: 'up', thresholdRange: { min: 1 } }] }

const PLACES: readonly (readonly [string, Place])[] = [
  ['the name of a webhook', { analysis: hook({ name: EVIL }), given: says('answered') }],
  ['the answer of a webhook', { analysis: hook({}), given: says('answered') }],
  ['the failure of a webhook', { analysis: hook({}), given: says('unreachable') }],
  ['the URL of a webhook', { analysis: hook({ url: `http://hooks/bad${EVIL}` }) }],
  ['the type of a webhook', { analysis: hook({ type: EVIL }) }],
  ['the timeout of a webhook', { analysis: hook({ timeout: EVIL }) }],
  ['the name of a metric', { analysis: { metrics: [{ name: EVIL, query: 'up', thresholdRange: { max: 1 } }] } }],
  ['a metric without a source', { analysis: { metrics: [{ name: EVIL }] } }],
  ['the query of a metric', { analysis: { metrics: [{ name: 'm', query: EVIL, thresholdRange: { max: 1 } }] } }],
  ['the template of a metric', { analysis: { metrics: [{ name: 'm', templateRef: { name: EVIL, namespace: EVIL } }] } }],
  ['the failure of a provider', { analysis: inline, given: (world) => (world.answerQuery = () => ({ kind: 'down', because: EVIL })) }],
  ['the interval', { analysis: { interval: EVIL } }],
  ['the provider', { spec: { provider: EVIL } }],
  ['the kind of the target', { spec: { targetRef: { kind: EVIL, name: 'api' } } }],
  ['the version of the target', { spec: { targetRef: { apiVersion: `${EVIL}/v1`, kind: 'Deployment', name: 'api' } } }],
  ['the name of the target', { spec: { targetRef: { kind: 'Deployment', name: EVIL } } }],
  ['the scaler', { spec: { autoscalerRef: { kind: 'HorizontalPodAutoscaler', name: EVIL } } }],
  ['the cookie', { analysis: { sessionAffinity: { cookieName: EVIL } } }],
  ['an unknown field', { spec: { [EVIL]: { a: 1 } } }],
  ['an annotation', { annotations: { 'serin.dev/on-failure': EVIL, 'serin.dev/promote': EVIL } }],
  ['an image', { image: `api:2${EVIL}` }],
  ['the name of an alert', { analysis: { alerts: [{ name: EVIL, providerRef: { name: EVIL } }] } }],
  [
    'who changed the routes, and to what',
    {
      given: (world) =>
        world.clock.after(25_000, () => {
          const http = [{ route: [{ destination: { host: 'api-primary' }, weight: 100 }], name: EVIL, rewrite: { uri: EVIL } }]
          world.write(RESOURCES.virtualServices, EVIL, (live) => ({ ...live, spec: { ...Object(live['spec']), hosts: [EVIL], http } }))
        })
    }
  ],
  [
    'a host beside ours',
    {
      given: (world) =>
        world.clock.after(25_000, () => {
          const to = (host: string): unknown => ({ destination: { host }, weight: 50 })
          const http = [{ route: [to('api-primary'), to(EVIL)] }]
          world.write(RESOURCES.virtualServices, 'kubectl', (live) => ({ ...live, spec: { ...Object(live['spec']), http } }))
        })
    }
  ]
]

test.each(PLACES)(
  '%s: what comes out is fit to be read',
  async (_, { analysis = {}, spec = {}, annotations = {}, image = 'api:2', given }) => {
    const base = canaryOf(analysis, spec)
    const { uid: _uid, ...metadata } = base.metadata
    const canary: KubeObject = { ...base, metadata: { ...metadata, annotations } }
    const world = worldOf(deploymentOf('api:1'), canary)
    const chat = { kind: 'slack', address: 'http://chat', token: undefined, channel: '#c', username: 'u', proxy: undefined } as const
    world.alertSettings = { ...world.alertSettings, chat }
    const exported = new ExportedMetrics('1')
    world.listeners.push(exported)
    world.start()
    await world.until(() => world.isIn('Initialized'), 30)
    world.release(image)
    given?.(world)
    await world.until(() => false, 120)
    const live = world.named(RESOURCES.canaries) ?? canary
    const objects = world.all(RESOURCES.releases)
    const releases = releasesOf(live, objects)
    const routes = world.named(RESOURCES.virtualServices)
    const facts = factsOf(live, world.named(RESOURCES.deployments), { routes, releases, seen: seenIn(live, objects) })
    const now = world.clock.now()
    const shown = [...blockOf(facts, now), ...tableOf([facts], now, 'wide'), ...historyTable(releases, now, 'wide')].map(({ text }) => text)
    const alerts = world.alerts.flatMap(({ news }) =>
      (['slack', 'msteams', 'discord', 'rocket', 'gchat'] as const).map((kind) =>
        JSON.stringify(payloadOf({ kind, channel: 'c', username: 'u' }, news))
      )
    )
    const texts: readonly string[] = [
      ...world.told.map(({ message }) => message),
      ...world.log,
      ...textsIn(dig(live, 'status')),
      ...world.all(RESOURCES.releases).flatMap(({ spec: plan, status }) => [...textsIn(plan), ...textsIn(status)]),
      ...alerts.flatMap((body) => textsIn(JSON.parse(body))),
      ...exposition([], exported.metrics()).split('\n'),
      ...shown,
      changeLine(facts),
      ...dataText(facts, 'json').split('\n'),
      ...lintRollouts([live]).map(problemLine)
    ]
    expect(texts.length).toBeGreaterThan(10)
    expect(texts.filter((text) => UNFIT.test(text))).toEqual([])
    await world.stop()
  }
)

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)]) : []
}
