import { beforeEach, expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import type { KubeObject } from '../api/object.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { planOf } from '../canary/plan.ts'
import { virtualServiceWrites } from '../objects/render-virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import type { ApiBackend } from '../server/api-backend.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import type { StoreRequest } from '../store/store-request.ts'
import { KINDS, rulesFor } from './kinds.ts'
import { routesWarned } from './routes-warned.ts'

let backend: ApiBackend
const routes = { resource: RESOURCES.virtualServices, namespace: 'test' }
const canaries = { resource: RESOURCES.canaries, namespace: 'test' }

async function answerTo(request: StoreRequest): Promise<KubeObject | undefined> {
  const answer = await backend.submit(request)
  if (answer.kind === 'failure') throw new Error(answer.status.message)
  return answer.kind === 'object' ? answer.object : undefined
}

async function warningsOf(request: StoreRequest): Promise<readonly string[]> {
  const answer = await backend.submit(request)
  return 'warnings' in answer ? answer.warnings : [answer.kind === 'failure' ? answer.status.message : '']
}

function patch(body: unknown, fieldManager = 'kubectl-edit'): StoreRequest {
  return { verb: 'patch', target: routes, name: 'api', patchType: 'merge', body, options: { fieldManager } }
}

const weights = (primary: number, canary: number): unknown => ({
  spec: {
    http: [
      {
        route: [
          { destination: { host: 'api-primary' }, weight: primary },
          { destination: { host: 'api-canary' }, weight: canary }
        ]
      }
    ]
  }
})

/** A Canary at 20 %, with the VirtualService that it made. */
beforeEach(async () => {
  const draw = seeded(1)
  backend = routesWarned(
    await EmbeddedApi.open({ kinds: KINDS, rules: rulesFor('127.96'), journal: new MemoryJournal(), clock: new VirtualClock(1e12), draw })
  )
  const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } }
  await answerTo({ verb: 'create', target: { resource: { group: '', version: 'v1', resource: 'namespaces' } }, body: space, options: {} })
  const { uid: _, ...metadata } = canaryOf().metadata
  const canary = await answerTo({ verb: 'create', target: canaries, body: { ...canaryOf(), metadata }, options: {} })
  const status = { phase: 'Progressing', canaryWeight: 20, failedChecks: 0, iterations: 0, lastAppliedSpec: 'x' }
  const at = { verb: 'patch', target: canaries, name: 'api', patchType: 'merge', options: {} } as const
  await answerTo({ ...at, subresource: 'status', body: { status } })
  if (canary === undefined) return
  const [made] = virtualServiceWrites({ canary, plan: planOf(canary), routing: { kind: 'weights', canary: 20 }, cookies: {} }, undefined)
  if (made?.verb === 'create') {
    const { resource, object } = made
    await answerTo({ verb: 'create', target: { ...routes, resource }, body: object, options: { fieldManager: 'serin' } })
  }
})

test('who changes weights is told that they are put right, with the field and what to do instead', async () => {
  const changed = 'spec.http[0].route[0].weight 80 -> 0, spec.http[0].route[1].weight 20 -> 100'
  expect(await warningsOf(patch(weights(0, 100)))).toEqual([
    `canary api leads the requests of this VirtualService and puts right: ${changed}; a Canary is steered by its spec, and by serin promote, pause and abort`
  ])
  expect(await warningsOf({ ...patch(weights(1, 99)), options: { dryRun: true, fieldManager: 'kubectl' } } as StoreRequest)).toHaveLength(1)
})

test('who changes what is his to change is told nothing', async () => {
  expect(await warningsOf(patch({ metadata: { labels: { mine: 'yes' } } }))).toEqual([])
  expect(await warningsOf(patch(weights(80, 20)))).toEqual([])
  const live = await answerTo({ verb: 'get', target: routes, name: 'api' })
  const http: readonly unknown[] = Object(dig(live, 'spec', 'http'))
  const mine = { match: [{ uri: { prefix: '/mine' } }], route: [{ destination: { host: 'mine' } }] }
  expect(await warningsOf(patch({ spec: { http: [mine, ...http] } }))).toEqual([])
})

test.each([
  ['it is suspended', { suspend: true }],
  ['it is of another name', { service: { name: 'other', port: 80 } }],
  ['it is not acted on', { provider: 'linkerd' }]
])('a Canary puts nothing right, and says nothing, where %s', async (_, spec) => {
  await answerTo({ verb: 'patch', target: canaries, name: 'api', patchType: 'merge', body: { spec }, options: {} })
  expect(await warningsOf(patch(weights(0, 100)))).toEqual([])
})

test('who deletes it is told that it comes back', async () => {
  const request: StoreRequest = { verb: 'delete', target: routes, name: 'api', body: {}, options: { dryRun: true } }
  expect(await warningsOf(request)).toEqual(['canary api makes this VirtualService again: delete the Canary to be rid of it'])
})

test('a failure stays one', async () => {
  expect(await warningsOf({ ...patch(weights(0, 100)), name: 'absent' } as StoreRequest)).toEqual([
    'virtualservices.networking.istio.io "absent" not found'
  ])
})
