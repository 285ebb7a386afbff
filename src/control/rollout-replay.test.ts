// Flagger's recorded scenarios (data/flagger-live), replayed on the embedded store. Every difference from the recording is a repair
// that test/flagger-repairs.ts names; whatever is not named must be equal.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { BESIDES, EDITS, type Streams } from '../../test/flagger-repairs.ts'
import { World } from '../../test/rollout-world.ts'
import type { KubeObject } from '../api/object.ts'
import { destinationsOf, routeOf } from '../objects/virtual-service.ts'
import { RESOURCES } from '../objects/write.ts'
import { dig } from '../std/json.ts'
import { dataUrl } from '../../test/data.ts'

const DATA = dataUrl('flagger-live/')

interface Timed {
  readonly t: number
  readonly when?: { readonly phase?: string; readonly canaryWeight?: number }
  readonly wait?: number
}

interface Scenario {
  readonly inputs: {
    readonly objects: readonly KubeObject[]
    readonly acts: readonly (Timed & { readonly do: { readonly patch?: string; readonly delete?: string; readonly body?: unknown } })[]
    readonly metrics: readonly (Timed & { readonly success: string; readonly duration: string })[]
    readonly webhooks: readonly (Timed & { readonly hook: string; readonly status: number })[]
  }
  readonly record: {
    readonly writes: readonly (Timed & Readonly<Record<string, unknown>>)[]
    readonly told: readonly (Timed & { readonly type: string; readonly message: string })[]
    readonly hooks: readonly (Timed & { readonly hook: string; readonly phase: string })[]
    readonly queries: readonly (Timed & { readonly metric: string })[]
  }
}

test('every recorded scenario is replayed', () => {
  expect(existsSync(DATA), `${DATA.pathname} is missing: the shared data folder is needed`).toBe(true)
  const recorded = readdirSync(DATA).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? [])
  expect(Object.keys(EDITS).toSorted()).toEqual(recorded.toSorted())
})

// These differ on purpose: the values of hashes and marks, and the annotations of the primary, which Flagger drops at its first promotion.
function comparable(object: KubeObject): unknown {
  const { metadata, spec, kind, data } = object
  const { name, labels, ownerReferences } = metadata
  const annotations = name === 'podinfo-primary' && kind === 'Deployment' ? undefined : metadata.annotations
  const owners = ownerReferences?.map((owner) => ({ ...owner, uid: 'uid-of-the-canary' }))
  const defaulted = kind === 'Service' ? ['sessionAffinity', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] : []
  const fields = Object.fromEntries(Object.entries(Object(spec)).filter(([key]) => !defaulted.includes(key)))
  const text = JSON.stringify({ kind, name, labels, annotations, owners, data, spec: fields })
  return JSON.parse(text.replace(/"flagger-id":"[^"]+"/, '"flagger-id":"x"'))
}

test.each(['success', 'failure'])('%s leaves the objects that Flagger leaves, field by field', async (name) => {
  const world = await play(read(name), name)
  const text = readFileSync(new URL(`objects/${name}-end.yaml`, DATA), 'utf8')
  const resources = [RESOURCES.deployments, RESOURCES.services, RESOURCES.virtualServices, RESOURCES.destinationRules, RESOURCES.configMaps]
  const recorded = parseAllDocuments(text).map((document): KubeObject => document.toJS())
  const kinds = ['Deployment', 'Service', 'VirtualService', 'DestinationRule', 'ConfigMap']
  const wanted = recorded.filter(({ kind }) => kinds.includes(kind))
  expect(wanted).toHaveLength(10)
  // The pod templates there have the defaults of a real API server besides.
  const [deployments, others] = [(object: KubeObject) => object.kind === 'Deployment', (object: KubeObject) => object.kind !== 'Deployment']
  const live = (object: KubeObject): unknown =>
    comparable(world.get(resources[kinds.indexOf(object.kind)]!, name, object.metadata.name ?? '')!)
  expect(wanted.filter(others).map(live)).toEqual(wanted.filter(others).map(comparable))
  expect(wanted.filter(deployments).map(comparable)).toMatchObject(wanted.filter(deployments).map((object) => Object(live(object))))
  const theirs = Object(recorded.find(({ kind }) => kind === 'Canary')?.['status'])
  const { phase, canaryWeight, failedChecks, iterations, trackedConfigs } = theirs
  const ours = Object(world.get(RESOURCES.canaries, name, 'podinfo')?.['status'])
  expect(ours).toMatchObject({ phase, canaryWeight, failedChecks, iterations, trackedConfigs })
  expect(Object.keys(theirs).filter((key) => !(key in ours))).toEqual([])
  await world.stop()
})

describe.each(Object.keys(EDITS))('%s', (name) => {
  test('goes as recorded, but for its repairs', async () => {
    const scenario = read(name)
    const world = await play(scenario, name)
    const recorded = { ...expected(scenario) }
    for (const [, stream, change] of EDITS[name] ?? []) recorded[stream] = change(recorded[stream])
    const got = actual(world)
    const asked = name === 'hooks' ? { ...got, ...withoutEarlyRollbackHooks(got) } : got
    expect(asked).toEqual(recorded)
    await world.stop()
  })
})

function read(name: string): Scenario {
  return JSON.parse(readFileSync(new URL(`${name}.json`, DATA), 'utf8')) as Scenario // our own recording
}

// Repair: the rollback hook is asked first and everywhere, in Waiting and before the pods are ready too.
function withoutEarlyRollbackHooks(got: Streams): Partial<Streams> {
  const waiting = got.hooks.filter((line) => line === 'rollback Waiting')
  expect(waiting.length).toBeGreaterThan(0)
  const approved = got.told.findIndex((line) => line.includes('Confirm-rollout check'))
  const early = (line: string, index: number): boolean => index < approved && line.includes('not signaling a rollback')
  return { hooks: got.hooks.filter((line) => line !== 'rollback Waiting'), told: got.told.filter((line, index) => !early(line, index)) }
}

async function play({ inputs }: Scenario, namespace: string): Promise<World> {
  const world = new World()
  for (const object of inputs.objects) world.create(object)
  const canary = (): unknown => world.get(RESOURCES.canaries, namespace, 'podinfo')?.['status']
  const pending = [
    ...inputs.acts.map((act) => ({ ...act, run: () => actOn(world, namespace, act.do) })),
    ...inputs.metrics.map((set) => ({
      ...set,
      run: () => {
        world.success = { kind: 'value', value: Number(set.success) }
        world.duration = { kind: 'value', value: Number(set.duration) }
      }
    })),
    ...inputs.webhooks.map((set) => ({
      ...set,
      run: () => {
        world.answers[set.hook] = { kind: 'answered', status: set.status, body: '' }
      }
    }))
  ].map((input) => ({ ...input, due: input.when === undefined ? 0 : Infinity, done: false }))
  const advance = (): void => {
    for (const input of pending) {
      if (input.due === Infinity && holds(canary(), input.when)) input.due = world.t + (input.wait ?? 0)
      if (input.done || world.t < input.due) continue
      input.done = true
      input.run()
    }
  }
  advance()
  world.start()
  for (let tenths = 0; tenths < 2000; tenths++) {
    await world.clock.advance(100)
    advance()
  }
  return world
}

function holds(status: unknown, when: Timed['when']): boolean {
  if (when?.phase !== undefined && dig(status, 'phase') !== when.phase) return false
  return when?.canaryWeight === undefined || dig(status, 'canaryWeight') === when.canaryWeight
}

function actOn(world: World, namespace: string, act: Scenario['inputs']['acts'][number]['do']): void {
  if (act.delete !== undefined) {
    world.request({ verb: 'delete', target: { resource: RESOURCES.canaries, namespace }, name: 'podinfo', body: {}, options: {} })
    return
  }
  if (act.patch?.startsWith('ConfigMap/') === true) {
    world.patch(RESOURCES.configMaps, namespace, act.patch.slice('ConfigMap/'.length), act.body)
    return
  }
  // The recorded patches name one container by its image: a merge patch of the list that keeps the rest of it does the same.
  const live = world.get(RESOURCES.deployments, namespace, 'podinfo')
  const image = (dig(act.body, 'spec', 'template', 'spec', 'containers') as readonly { readonly image: string }[])[0]!.image
  const containers = dig(live, 'spec', 'template', 'spec', 'containers') as readonly Readonly<Record<string, unknown>>[]
  world.patch(RESOURCES.deployments, namespace, 'podinfo', {
    spec: { template: { spec: { containers: containers.map((container) => ({ ...container, image })) } } }
  })
}

function expected({ record }: Scenario): Record<keyof Streams, readonly string[]> {
  const hashes = new Map<unknown, string>()
  const lines = (entries: readonly Timed[], show: (entry: never) => string | undefined): readonly string[] =>
    joined(entries.map((entry) => ({ tick: Math.floor(entry.t / 10), line: show(entry as never) })))
  return {
    writes: lines(record.writes, (write: Readonly<Record<string, unknown>>) => writeLine(write, hashes)),
    told: lines(record.told, ({ type, message }: Scenario['record']['told'][number]) => `${type} ${message}`),
    hooks: lines(record.hooks, ({ hook, phase }: Scenario['record']['hooks'][number]) => `${hook} ${phase}`),
    queries: lines(record.queries, ({ metric }: Scenario['record']['queries'][number]) => metric)
  }
}

function actual(world: World): Streams {
  const hashes = new Map<unknown, string>()
  return {
    writes: joined(
      world.writes
        .filter(({ change: { object } }) => !BESIDES.includes(`${object.kind} ${object.metadata.name}`) && object.kind !== 'Release')
        .map((written) => ({ tick: written.t, line: changeLine(written.change, hashes) }))
    ),
    told: joined(world.told.map(({ t, type, message }) => ({ tick: t, line: `${type} ${message}` }))),
    hooks: joined(world.hooks.map(({ t, type, payload }) => ({ tick: t, line: `${type} ${payload.phase}` }))),
    queries: joined(world.queries.map(({ t, metric }) => ({ tick: t, line: metric })))
  }
}

// Joins the ticks; a tick that only repeats the one before it counts once.
function joined(entries: readonly { readonly tick: number; readonly line: string | undefined }[]): readonly string[] {
  const groups: { readonly tick: number; readonly lines: string[] }[] = []
  for (const { tick, line } of entries) {
    if (line === undefined) continue
    const last = groups.at(-1)
    if (last?.tick === tick) last.lines.push(line)
    else groups.push({ tick, lines: [line] })
  }
  return groups.filter((group, index) => group.lines.join('\n') !== groups[index - 1]?.lines.join('\n')).flatMap(({ lines }) => lines)
}

// Hashes of templates are compared by being new or seen before.
function named(hashes: Map<unknown, string>, hash: unknown): string {
  const known = hashes.get(hash) ?? `#${hashes.size + 1}`
  hashes.set(hash, known)
  return known
}

function writeLine(write: Readonly<Record<string, unknown>>, hashes: Map<unknown, string>): string | undefined {
  const cond = write['cond'] as readonly string[] | undefined
  const hash = (key: string): string | undefined =>
    write[key] === undefined || write['kind'] !== 'Canary' ? undefined : named(hashes, write[key])
  const cookie = (key: string): string | undefined => (key in write ? withoutValue(write[key] ?? 'none') : undefined)
  const json = (key: string): string | undefined => (write[key] === undefined ? undefined : withoutValue(JSON.stringify(write[key])))
  const fields: readonly (readonly [string, unknown])[] = [
    ['phase', write['phase']],
    ['weight', write['weight']],
    ['failed', write['failed']],
    ['iterations', write['iter']],
    ...['cookie', 'primaryCookie', 'previousCookie'].map((key) => [key, cookie(key)] as const),
    ['spec', hash('spec')],
    ['promoted', hash('promoted')],
    ['tracked', json('tracked')],
    ['data', json('data')],
    ['cond', cond?.[0]],
    ['selector', json('selector')],
    ['replicas', write['replicas']],
    ['image', write['image']],
    ['id', write['flaggerId'] === undefined ? undefined : 'new'],
    ['http', json('http')],
    ['rule', write['kind'] === 'DestinationRule' ? json('spec') : undefined],
    ['finalizers', write['finalizers']]
  ]
  const shown = fields.flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`]
  )
  return [write['op'], write['kind'], write['name'], ...shown].join(' ')
}

// Cookies have values of their own.
function withoutValue(text: unknown): string {
  return String(text).replaceAll(/(flagger-cookie(?:\.\*|=)|^=)[A-Za-z]{10}/g, '$1VALUE')
}

function changeLine({ object, previous, kind }: World['writes'][number]['change'], hashes: Map<unknown, string>): string {
  const op = { added: 'create', modified: 'update', deleted: 'delete' }[kind]
  const line: Record<string, unknown> = { op, kind: object.kind, name: object.metadata.name }
  if (kind !== 'deleted') Object.assign(line, changedFields(object, previous))
  return writeLine(line, hashes) ?? ''
}

function changedFields(object: KubeObject, previous: KubeObject | undefined): Readonly<Record<string, unknown>> {
  const now = fieldsOf(object)
  const then = previous === undefined ? {} : fieldsOf(previous)
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(Object(then)[key])))
}

function fieldsOf(object: KubeObject): Readonly<Record<string, unknown>> {
  const { spec, status } = object
  switch (object.kind) {
    case 'Canary': {
      const condition = (dig(status, 'conditions') as readonly unknown[] | undefined)?.[0]
      const cond =
        condition === undefined
          ? undefined
          : [`${text(condition, 'type')}=${text(condition, 'status')}/${text(condition, 'reason')}: ${text(condition, 'message')}`]
      return {
        phase: dig(status, 'phase'),
        weight: dig(status, 'canaryWeight'),
        failed: dig(status, 'failedChecks'),
        iter: dig(status, 'iterations'),
        cookie: dig(status, 'sessionAffinityCookie'),
        primaryCookie: dig(status, 'primarySessionAffinityCookie'),
        previousCookie: dig(status, 'previousSessionAffinityCookie'),
        spec: dig(status, 'lastAppliedSpec'),
        promoted: dig(status, 'lastPromotedSpec'),
        tracked: dig(status, 'trackedConfigs'),
        cond,
        finalizers: object.metadata.finalizers
      }
    }
    case 'Deployment':
      return {
        replicas: dig(spec, 'replicas'),
        image: (dig(spec, 'template', 'spec', 'containers') as readonly { readonly image: string }[])[0]!.image,
        flaggerId: dig(spec, 'template', 'metadata', 'annotations', 'flagger-id')
      }
    case 'ConfigMap':
      return { data: object['data'] }
    case 'Service':
      return { selector: dig(spec, 'selector') }
    case 'DestinationRule':
      return { spec }
    default: {
      return { http: (dig(spec, 'http') as readonly unknown[]).map(entryLine) }
    }
  }
}

// An entry in the words of the recording; fields that are the same in every entry of a scenario are left out there.
function entryLine(entry: unknown): unknown {
  const destinations = destinationsOf(entry)
  const toHeaders = routeOf(entry).flatMap((to) => (to['headers'] === undefined ? [] : [[dig(to, 'destination', 'host'), to['headers']]]))
  const [mirror, mirrorPercentage, headers, match] = ['mirror', 'mirrorPercentage', 'headers', 'match'].map((key) => dig(entry, key))
  return {
    ...(match === undefined ? {} : { match }),
    to: Object.fromEntries(destinations.map(({ host, weight }) => [host, weight])),
    ...(toHeaders.length === 0 ? {} : { toHeaders: Object.fromEntries(toHeaders) }),
    ...(mirror === undefined ? {} : { mirror: dig(mirror, 'host') }),
    ...(mirrorPercentage === undefined ? {} : { mirrorPercentage }),
    ...(headers === undefined ? {} : { headers })
  }
}

function text(value: unknown, key: string): string {
  const found = dig(value, key)
  return typeof found === 'string' ? found : ''
}
