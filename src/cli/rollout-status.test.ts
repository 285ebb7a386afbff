import { afterEach, expect, test } from 'vitest'
import { canaryOf, deploymentOf, REVISION } from '../../test/rollout-objects.ts'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import type { KubeObject } from '../api/object.ts'
import { SERIN_KINDS } from '../api/serin-kinds.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import { LocalClient } from '../kube/local-client.ts'
import { MemoryJournal } from '../kube/memory-journal.ts'
import { REQUESTS } from '../rollout/requests.ts'
import { RESOURCES } from '../objects/write.ts'
import { VirtualClock } from '../std/clock.ts'
import { seeded } from '../std/draw.ts'
import { apiRules } from '../store/api-rules.ts'
import { failureOf } from './rollout-end.ts'
import { showHistory } from './rollout-history.ts'
import type { HistoryOptions, StatusOptions, VerbOptions } from './rollout-options.ts'
import { READ_AT_ONCE, type RolloutIo, showStatus } from './rollout-status.ts'
import { runVerb } from './rollout-verbs.ts'

const KEY = { ...RESOURCES.canaries, namespace: 'test', name: 'api' }
const CLUSTER = { kubeconfig: undefined, context: undefined, namespace: undefined, scope: 'one', defaults: 'serin' } as const
const STATUS: StatusOptions = { ...CLUSTER, name: 'api', mode: 'once', exit: 'no', output: 'text', timeout: undefined }
const stop = new AbortController()
const stops: AbortController[] = []
const { signal } = stop

afterEach(() => {
  for (const each of stops.splice(0)) each.abort(new Error('the test is over'))
})

interface Scene {
  readonly client: KubeClient
  readonly clock: VirtualClock
  readonly io: RolloutIo
  readonly printed: string[]
  readonly complained: string[]
  readonly stop: AbortController
  readonly put: (status: object) => Promise<void>
  readonly release: (image: string) => Promise<void>
  /** The code it ends with, letting time pass until it does. */
  readonly ended: (run: Promise<number>) => Promise<number>
}

async function scene(client?: KubeClient): Promise<Scene> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 22))
  const api = await EmbeddedApi.open({
    kinds: [...BUILTIN_KINDS, ...FLAGGER_KINDS, ...SERIN_KINDS],
    rules: apiRules({}),
    journal: new MemoryJournal(),
    clock,
    draw: seeded(1)
  })
  const own = new LocalClient(api)
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } }
  await own.create({ group: '', version: 'v1', resource: 'namespaces' }, namespace, { signal })
  await own.create(RESOURCES.deployments, deploymentOf('api:2'), { signal })
  await own.create(RESOURCES.canaries, canaryOf(), { signal })
  const [printed, complained, stop]: [string[], string[], AbortController] = [[], [], new AbortController()]
  stops.push(stop)
  const io: RolloutIo = {
    client: client ?? own,
    namespace: 'test',
    clock,
    draw: seeded(1),
    print: (lines) => printed.push(...lines.map(({ text }) => text)),
    complain: (line) => complained.push(line),
    draw2d: undefined,
    signal: stop.signal
  }
  return {
    client: own,
    clock,
    io,
    printed,
    complained,
    stop,
    put: async (status) => {
      const canary = (await own.get(KEY, { signal })) as KubeObject
      const next = { ...(canary['status'] as object | undefined), lastTransitionTime: '2026-11-22T00:00:00Z', ...status }
      await own.update(RESOURCES.canaries, { ...canary, status: next }, { signal, subresource: 'status' })
    },
    release: async (image) => {
      const operations = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }]
      await own.patch({ ...RESOURCES.deployments, namespace: 'test', name: 'api' }, { kind: 'json', operations }, { signal })
    },
    ended: async (run) => {
      const end: { code?: number; failed?: unknown } = {}
      void run.then(
        (code) => (end.code = code),
        (failed: unknown) => (end.failed = failed)
      )
      for (let turns = 0; turns < 600 && end.code === undefined && end.failed === undefined; turns++) await clock.advance(200)
      if (end.failed !== undefined) throw end.failed
      return end.code ?? -1
    }
  }
}

/** A first Release of the Canary, with this status. */
async function released(client: KubeClient, status: Readonly<Record<string, unknown>>): Promise<void> {
  const { uid = '' } = (await client.get(KEY, { signal }))?.metadata ?? {}
  const owner = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'api', uid }
  const metadata = { name: 'api-1', namespace: 'test', labels: { 'serin.dev/canary': 'api' }, ownerReferences: [owner] }
  const spec = { canary: 'api', target: 'Deployment/api', revision: 's1-1' }
  await client.create(RESOURCES.releases, { apiVersion: 'serin.dev/v1alpha1', kind: 'Release', metadata, spec, status }, { signal })
}

test('the evidence is part of the status: a sentence, a chart, and a picture of it', async () => {
  const { client, io, printed, put } = await scene()
  await put({ phase: 'Progressing', canaryWeight: 20, lastAppliedSpec: REVISION })
  await expect(showStatus({ ...STATUS, output: 'svg' }, io)).rejects.toThrow('canary api has no evidence yet')
  await released(client, {
    outcome: 'running',
    startedAt: '2026-11-22T00:00:00Z',
    evidence: 'Holding at 20 %: evidence against 2 grows.',
    chart: '{"version":1,"from":1000,"limits":[0.01,0.05],"points":[[5,20,0.5,null,1,3],[10,20,1.5,null,4,6]]}'
  })
  await showStatus(STATUS, io)
  expect(printed).toContain('  Evidence:      Holding at 20 %: evidence against 2 grows.')
  expect(printed.filter((line) => line.startsWith('1 of 100|'))).toHaveLength(1)
  expect(printed.find((line) => line.startsWith('  weight'))).toBe('  weight 20 %')
  printed.length = 0
  await showStatus({ ...STATUS, output: 'svg' }, io)
  expect(printed.join('\n')).toMatch(/^<svg [^]*Holding at 20 %: evidence against 2 grows\.[^]*<\/svg>$/)
})

// Owns how many reads are under way at the same time, and the most that were.
class Counting implements KubeClient {
  readonly #client: KubeClient
  #now = 0
  most = 0

  constructor(client: KubeClient) {
    this.#client = client
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    this.most = Math.max(this.most, ++this.#now)
    try {
      await new Promise(setImmediate)
      return await read()
    } finally {
      this.#now -= 1
    }
  }

  get: KubeClient['get'] = (...of) => this.#read(() => this.#client.get(...of))
  list: KubeClient['list'] = (...of) => this.#read(() => this.#client.list(...of))
  watch: KubeClient['watch'] = (...of) => this.#client.watch(...of)
  create: KubeClient['create'] = (...of) => this.#client.create(...of)
  update: KubeClient['update'] = (...of) => this.#client.update(...of)
  patch: KubeClient['patch'] = (...of) => this.#client.patch(...of)
  delete: KubeClient['delete'] = (...of) => this.#client.delete(...of)
}

test('what belongs to a Canary is read at the same time, and of many Canaries for a few at a time', async () => {
  const { client, io, printed } = await scene()
  const one = new Counting(client)
  await showStatus(STATUS, { ...io, client: one })
  // The target, the routes and the Releases.
  expect(one.most).toBe(3)
  for (let index = 0; index < 40; index++) {
    const canary = canaryOf()
    await client.create(RESOURCES.canaries, { ...canary, metadata: { name: `api-${index}`, namespace: 'test' } }, { signal })
  }
  printed.length = 0
  const many = new Counting(client)
  await showStatus({ ...STATUS, name: undefined }, { ...io, client: many })
  expect([printed.length, many.most]).toEqual([42, READ_AT_ONCE])
})

test('the Release on its way is part of the status, and the history is the Releases', async () => {
  const { io, client, printed, complained } = await scene()
  const options: HistoryOptions = { ...CLUSTER, name: 'api', output: 'text' }
  expect(await showHistory(options, io)).toBe(0)
  expect(complained).toEqual(['canary api has released nothing yet'])
  await released(client, { outcome: 'running', startedAt: '2026-11-22T00:00:00Z' })
  await showStatus(STATUS, io)
  expect(printed).toContain('  Release:       api-1 (running)')
  printed.length = 0
  await showStatus({ ...STATUS, output: 'json' }, io)
  expect(JSON.parse(printed.join(''))).toMatchObject({ release: { name: 'api-1', outcome: 'running', checks: [] } })
  printed.length = 0
  await showHistory({ ...options, output: 'json' }, io)
  expect(JSON.parse(printed.join(''))).toMatchObject({ items: [{ name: 'api-1' }] })
  await expect(showHistory({ ...options, name: 'none' }, io)).rejects.toThrow('canary none not found in namespace test')
})

// What the API server stores of the target is not quite what was sent: defaults are filled in.
const succeeded = { phase: 'Succeeded', canaryWeight: 0, lastAppliedSpec: 'flagger', lastPromotedSpec: 'flagger' }

test.each([
  ['Succeeded', 0],
  ['Initialized', 0],
  ['Failed', 3],
  ['Waiting', 5],
  ['WaitingPromotion', 5],
  ['Progressing', 8],
  ['Promoting', 8]
])('--exit in %s is %i, and without it 0', async (phase, code) => {
  const { io, put } = await scene()
  await put({ phase })
  expect(await showStatus({ ...STATUS, exit: 'at the end' }, io)).toBe(code)
  expect(await showStatus(STATUS, io)).toBe(0)
})

test('a watch prints a line for each change and ends with the rollout', async () => {
  const { io, put, clock, ended, printed } = await scene()
  await put({ phase: 'Progressing', canaryWeight: 20 })
  const code = ended(showStatus({ ...STATUS, mode: 'watch', exit: 'at the end' }, io))
  await clock.advance(1000)
  await put({ canaryWeight: 40, failedChecks: 1 })
  await clock.advance(1000)
  await put({ canaryWeight: 0, phase: 'Failed' })
  expect(await code).toBe(3)
  expect(printed).toEqual([
    'test/api Progressing weight=20 step=1/2 failed=0/2',
    'test/api Progressing weight=40 step=2/2 failed=1/2',
    'test/api Failed weight=0 step=0/2 failed=1/2'
  ])
})

test('a watch after a release does not end with the success before it', async () => {
  const { io, put, release, clock, ended } = await scene()
  await put({ ...succeeded, lastAppliedSpec: REVISION, lastPromotedSpec: REVISION })
  await release('api:3')
  const code = ended(showStatus({ ...STATUS, mode: 'watch', exit: 'at the end' }, io))
  await clock.advance(10_000)
  await put({ phase: 'Progressing' })
  await clock.advance(1000)
  await put(succeeded)
  expect(await code).toBe(0)
})

test('a watch ends at its timeout with 4, and with 130 when somebody stops it', async () => {
  const { io, put, ended, complained, clock, stop } = await scene()
  await put({ phase: 'Progressing' })
  expect(await ended(showStatus({ ...STATUS, mode: 'watch', exit: 'at the end', timeout: 5000 }, io))).toBe(4)
  expect(complained).toEqual(['timed out: test/api Progressing weight=0 step=0/2 failed=0/2'])
  const stopped = showStatus({ ...STATUS, mode: 'watch', exit: 'at the end' }, io)
  await clock.advance(1000)
  stop.abort(new Error('asked'))
  expect(await stopped).toBe(130)
})

test('an approval ends a watch that asks for it, and no other', async () => {
  const { io, put, ended } = await scene()
  await put({ phase: 'WaitingPromotion' })
  const watch = { ...STATUS, mode: 'watch', timeout: 5000 } as const
  expect(await ended(showStatus({ ...watch, exit: 'at the end or an approval' }, io))).toBe(5)
  expect(await ended(showStatus({ ...watch, exit: 'at the end' }, io))).toBe(4)
})

test('a Canary that is not there is 6, also when it goes while it is watched', async () => {
  const { io, client, clock, ended } = await scene()
  const failed = await showStatus({ ...STATUS, name: 'none' }, io).catch(failureOf)
  expect(failed).toEqual({ code: 6, message: 'canary none not found in namespace test; serin status -A shows all' })
  const code = ended(showStatus({ ...STATUS, mode: 'watch', exit: 'at the end' }, io))
  await clock.advance(1000)
  await client.delete(KEY, { signal })
  expect(await code).toBe(6)
})

test('an API that cannot be reached is 7, one that refuses is 1', async () => {
  const failing = (error: ApiError): Partial<KubeClient> => ({ get: () => Promise.reject(error), list: () => Promise.reject(error) })
  const away = await scene(failing(new ApiError(503, 'Unreachable', 'https://a cannot be reached: refused')) as KubeClient)
  expect(await showStatus(STATUS, away.io).catch(failureOf)).toMatchObject({ code: 7 })
  const closed = await scene(failing(new ApiError(403, 'Forbidden', 'no\u001B[31m')) as KubeClient)
  expect(await showStatus({ ...STATUS, name: undefined }, closed.io).catch(failureOf)).toEqual({
    code: 1,
    message: '403 Forbidden: no [31m'
  })
})

// Plays the controller: does as it is asked once, after a moment.
async function obey({ client, clock, put }: Scene, verb: 'promote' | 'abort' | 'retry' | 'restart', status: object): Promise<void> {
  await clock.advance(500)
  expect((await client.get(KEY, { signal }))?.metadata.annotations?.[REQUESTS[verb]]).toBe('true')
  await put(status)
  await client.patch(KEY, { kind: 'merge', body: { metadata: { annotations: { [REQUESTS[verb]]: null } } } }, { signal })
}

test.each([
  ['promote', 'Progressing', 'Promoting', 0, 'canary.flagger.app/api promoted'],
  ['abort', 'Progressing', 'Failed', 0, 'canary.flagger.app/api aborted'],
  ['restart', 'Progressing', 'Progressing', 0, 'canary.flagger.app/api restarted'],
  ['retry', 'Failed', 'Progressing', 0, 'canary.flagger.app/api taken up again'],
  ['abort', 'Failed', 'Failed', 1, 'nothing to abort: canary.flagger.app/api is Failed'],
  ['promote', 'Succeeded', 'Succeeded', 1, 'nothing to promote: canary.flagger.app/api is Succeeded'],
  ['promote', 'Succeeded', 'Promoting', 0, 'canary.flagger.app/api promoted'],
  ['restart', 'Waiting', 'Waiting', 1, 'nothing to restart: canary.flagger.app/api is Waiting']
] as const)('%s of %s that becomes %s', async (...[verb, from, to, code, text]) => {
  const world = await scene()
  await world.put({ phase: from })
  const options: VerbOptions = { ...CLUSTER, holds: undefined, verb, name: 'api', timeout: 30_000 }
  const run = world.ended(runVerb(options, world.io)).catch((error: unknown) => failureOf(error))
  await obey(world, verb, { phase: to })
  const result = await run
  expect(typeof result === 'number' ? { code: result, message: world.printed.at(-1) } : result).toEqual({ code, message: text })
})

test('a request that nobody acts on is 4 and stays; one that is not waited for is 0', async () => {
  const { io, put, ended, client, printed } = await scene()
  await put({ phase: 'Progressing' })
  const options: VerbOptions = { ...CLUSTER, holds: undefined, verb: 'promote', name: 'api', timeout: 2000 }
  expect(await ended(runVerb(options, io)).catch(failureOf)).toMatchObject({ code: 4 })
  expect((await client.get(KEY, { signal }))?.metadata.annotations).toEqual({ [REQUESTS.promote]: 'true' })
  expect(await runVerb({ ...options, verb: 'abort', timeout: 0 }, io)).toBe(0)
  expect(printed).toEqual(['canary.flagger.app/api asked to abort'])
})

test('a pause is taken back by resume and by promote', async () => {
  const world = await scene()
  const { io, put, client, printed } = world
  await put({ phase: 'Progressing' })
  const options: VerbOptions = { ...CLUSTER, holds: undefined, verb: 'pause', name: 'api', timeout: 30_000 }
  const annotations = async (): Promise<unknown> => (await client.get(KEY, { signal }))?.metadata.annotations
  expect(await world.ended(runVerb(options, io))).toBe(0)
  expect(await annotations()).toEqual({ [REQUESTS.pause]: 'true' })
  expect(await runVerb({ ...options, verb: 'resume' }, io)).toBe(0)
  expect(await runVerb({ ...options, verb: 'resume' }, io)).toBe(1)
  await world.ended(runVerb(options, io))
  await runVerb({ ...options, verb: 'promote', timeout: 0 }, io)
  expect(await annotations()).toEqual({ [REQUESTS.promote]: 'true' })
  expect(printed[2]).toBe('canary.flagger.app/api was not paused')
})

test('a verb for a Canary that is not there writes nothing', async () => {
  const { io } = await scene()
  const options: VerbOptions = { ...CLUSTER, holds: undefined, verb: 'promote', name: 'none', timeout: 0 }
  expect(await runVerb(options, io).catch(failureOf)).toMatchObject({ code: 6 })
})
