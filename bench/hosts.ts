// What 10,000 hosts with five routes each cost against 10: when a change is in force in every worker, what a decision takes, what a worker
// keeps, and what the API answers. Inside: the compiler and two worker processes, from the change to the last acknowledgement. Outside: a
// real instance, PATCH over the API, whose answer comes when the change is in force and its Warnings are known. Usage: node bench/hosts.ts

import process from 'node:process'
import { deserialize, serialize, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { KubeObject } from '../src/api/object.ts'
import { systemClock } from '../src/host/system-clock.ts'
import { LiveLint } from '../src/lint/live-lint.ts'
import { Registry } from '../src/metrics/registry.ts'
import { Workers } from '../src/proxy/workers.ts'
import { Compactor } from '../src/route/compact.ts'
import { isBroken } from '../src/route/compile-routes.ts'
import { putObject } from '../src/route/compiler-feed.ts'
import { decide } from '../src/route/decide.ts'
import type { RequestFacts } from '../src/route/request-facts.ts'
import { RouteCompiler } from '../src/route/route-compiler.ts'
import { EMPTY_TABLE, meshScope } from '../src/route/route-table.ts'
import type { TableChange } from '../src/route/route-table.ts'
import { type Router, applyChange, prepare } from '../src/route/router.ts'
import { seeded } from '../src/std/draw.ts'
import { hostRules, hostService, hostSlice, meshObjects, teamOf } from '../test/large-mesh.ts'
import { apiOf } from './lib/api.ts'
import { alone } from './lib/command.ts'
import type { Bench, BenchOptions, Finding } from './lib/finding.ts'
import { startInstance } from './lib/instance.ts'
import { type Stage, onStage, pin } from './lib/stage.ts'
import { median, quantile } from './lib/statistics.ts'

const SIZES = [10, 10_000] as const
const CHANGES_MIN = 50
const WORKERS = 2
const IN_FORCE_WITHIN_MS = 20
const TABLE_MB = 60
/** Hosts of the instance: each is two writes, of some milliseconds. */
const SERVED = [10, 1000] as const

/** One kind of change: what becomes of which object at each turn. */
interface Kind {
  readonly name: string
  readonly change: (hosts: number, turn: number) => readonly (readonly [KubeObject | undefined, KubeObject | undefined])[]
}

const KINDS: readonly Kind[] = [
  { name: 'weights of a VirtualService', change: (_, turn) => [[hostRules(5, 10 + turn), hostRules(5, 11 + turn)]] },
  { name: 'an endpoint', change: (_, turn) => [[hostSlice(5, turn % 2 === 0), hostSlice(5, turn % 2 === 1)]] },
  {
    name: 'a host that comes',
    change: (hosts, turn) =>
      [hostService(hosts + turn), hostSlice(hosts + turn), hostRules(hosts + turn)].map((each) => [undefined, each] as const)
  }
]

/** What one size of mesh showed, in milliseconds and megabytes. */
interface Measured {
  readonly hosts: number
  readonly compiled: number
  readonly pushed: number
  readonly linted: number
  readonly heap: number
  /** By kind. */
  readonly compiling: readonly (readonly number[])[]
  readonly inForce: readonly (readonly number[])[]
  readonly judging: readonly (readonly number[])[]
  readonly router: Router
}

export const hostsBench: Bench = {
  name: 'hosts',
  question: 'what do 10,000 hosts cost against 10?',
  duration: () => 150,
  run: async (options) => {
    const inside: Measured[] = []
    for (const hosts of SIZES) inside.push(await onStage((stage) => measure(stage, hosts, changesOf(options))))
    const answers: number[][] = []
    for (const hosts of SERVED) answers.push(await onStage((stage) => serve(stage, hosts, changesOf(options))))
    const [same, all] = [decisions(inside, options, () => 10), decisions(inside, options, (hosts) => hosts)]
    return finding(inside, answers, { same, all })
  }
}

const changesOf = ({ rounds, seconds }: BenchOptions): number => Math.max(CHANGES_MIN, Math.round(10 * rounds * seconds))

async function took(act: () => unknown): Promise<number> {
  const begun = performance.now()
  await act()
  return performance.now() - begun
}

async function measure(stage: Stage, hosts: number, changes: number): Promise<Measured> {
  const workers = new Workers({
    count: WORKERS,
    clock: systemClock(),
    registry: new Registry(),
    onTrouble: (message) => console.error(message)
  })
  stage.atEnd(() => workers.stop(100))
  await workers.start()
  for (const pid of workers.pids) pin('proxies', pid)
  const compiler = new RouteCompiler({ isBroken: (each) => isBroken(each) })
  const lint = new LiveLint()
  const objects = meshObjects(hosts)
  let first: readonly TableChange[] = []
  const compiled = await took(() => {
    for (const object of objects) putObject(compiler, undefined, object)
    first = compiler.compile()
  })
  const pushed = await took(() => workers.apply(first))
  const linted = await took(() => {
    for (const object of objects) lint.put(object)
    lint.update()
  })
  const { heap, router } = kept(first)
  const perKind = KINDS.map(() => ({ compiling: [] as number[], inForce: [] as number[], judging: [] as number[] }))
  for (let turn = 0; turn < changes; turn += 1) {
    for (const [at, { change }] of KINDS.entries()) {
      const times = perKind[at]
      if (times !== undefined) await one({ workers, compiler, lint }, change(hosts, turn), times)
    }
  }
  return {
    hosts,
    compiled,
    pushed,
    linted,
    heap,
    compiling: perKind.map(({ compiling }) => compiling),
    inForce: perKind.map(({ inForce }) => inForce),
    judging: perKind.map(({ judging }) => judging),
    router
  }
}

interface Parts {
  readonly workers: Workers
  readonly compiler: RouteCompiler
  readonly lint: LiveLint
}

async function one(
  { workers, compiler, lint }: Parts,
  changed: ReturnType<Kind['change']>,
  times: { readonly compiling: number[]; readonly inForce: number[]; readonly judging: number[] }
): Promise<void> {
  let changes: readonly TableChange[] = []
  const compiling = await took(() => {
    for (const [before, after] of changed) putObject(compiler, before, after)
    changes = compiler.compile()
  })
  const applying = await took(() => workers.apply(changes))
  times.compiling.push(compiling)
  times.inForce.push(compiling + applying)
  const judging = await took(() => {
    for (const [, after] of changed) if (after !== undefined) lint.put(after)
    lint.update()
  })
  times.judging.push(judging)
}

/** What a table takes in the heap of a worker, after a collection, in MB; as it comes over a channel. */
function kept(changes: readonly TableChange[]): { readonly heap: number; readonly router: Router } {
  setFlagsFromString('--expose-gc')
  const once = runInNewContext('gc') as () => void
  const collect = (): void => {
    // What the first leaves for later the second finds.
    once()
    once()
  }
  const bytes = serialize(changes)
  collect()
  const before = process.memoryUsage()
  const router = prepare(EMPTY_TABLE)
  // The message is garbage once it is applied.
  const apply = (): void => {
    const compactor = new Compactor()
    for (const change of deserialize(bytes) as TableChange[]) applyChange(router, compactor.change(change))
  }
  apply()
  collect()
  const after = process.memoryUsage()
  return { heap: (after.heapUsed + after.external - before.heapUsed - before.external) / 1e6, router }
}

/** Nanoseconds of a decision for so many hosts in turn, the two sizes by turns: the least of many short batches of each. */
function decisions(measured: readonly Measured[], { rounds }: BenchOptions, called: (hosts: number) => number): number[] {
  const draw = seeded(1)
  const least = measured.map(() => Number.POSITIVE_INFINITY)
  const facts = Array.from({ length: Math.max(...SIZES) }, (_, at): RequestFacts => ({
    method: 'GET',
    path: '/products/7',
    authority: `host-${at}.${teamOf(at)}.svc.cluster.local`,
    scheme: 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: () => undefined
  }))
  for (let batch = 0; batch < 400 * rounds; batch += 1) {
    for (const [at, { router, hosts }] of measured.entries()) {
      const scope = meshScope(router.sourceLabels, { namespace: 'team-0', labels: {} }, 80)
      const begun = performance.now()
      for (let call = 0; call < 1000; call += 1) {
        const asked = facts[(batch * 1000 + call) % called(hosts)]
        if (asked !== undefined && decide(router, scope, asked, draw).kind !== 'forward') throw new Error('every host forwards')
      }
      least[at] = Math.min(least[at] ?? Number.NaN, (performance.now() - begun) * 1000)
    }
  }
  return least
}

/** A real instance of so many hosts, made over its API; the milliseconds of PATCHes. */
async function serve(stage: Stage, hosts: number, changes: number): Promise<number[]> {
  const serin = await startInstance(stage)
  const call = apiOf(serin)
  const path = '/apis/networking.istio.io/v1/namespaces/default'
  const istio = (kind: string, name: string, spec: object): object => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name },
    spec
  })
  const spec = (host: string, weight: number): object => ({
    hosts: [host],
    http: [
      ...['a', 'b', 'c', 'd'].map((each) => ({ match: [{ uri: { prefix: `/${each}` } }], route: [{ destination: { host } }] })),
      { timeout: `${weight}s`, route: [{ destination: { host } }] }
    ]
  })
  const ports = [{ number: 80, name: 'http', protocol: 'HTTP' }]
  for (let at = 0; at < hosts; at += 1) {
    const host = `host-${at}.bench`
    const entry = { hosts: [host], ports, resolution: 'STATIC', endpoints: [{ address: '127.0.0.1' }] }
    await call('POST', `${path}/serviceentries`, istio('ServiceEntry', `host-${at}`, entry))
    await call('POST', `${path}/virtualservices`, istio('VirtualService', `host-${at}`, spec(host, 1)))
  }
  const times: number[] = []
  for (let turn = 0; turn < changes; turn += 1) {
    const begun = performance.now()
    const { at } = await call('PATCH', `${path}/virtualservices/host-5`, { spec: spec('host-5.bench', 2 + turn) })
    times.push(at - begun)
  }
  return times
}

const two = (times: readonly number[]): string => [0.5, 0.99].map((q) => quantile(times, q).toFixed(1)).join(' / ')

interface Decided {
  /** The same ten hosts. */
  readonly same: readonly number[]
  readonly all: readonly number[]
}

function finding(inside: readonly Measured[], answers: readonly number[][], decided: Decided): Finding {
  const [few, many] = inside
  const [ten, tenThousand] = decided.same
  return {
    tables: tablesOf(inside, answers, decided),
    figures: [
      ...KINDS.map(({ name }, at) => ({
        id: `${name} among 10,000 hosts in force, ms`,
        value: median(many?.inForce[at] ?? []),
        better: 'less' as const,
        scale: 'machine' as const,
        limit: IN_FORCE_WITHIN_MS,
        grain: 2
      })),
      {
        id: 'kept by a worker of 10,000 hosts, MB',
        value: many?.heap ?? Number.NaN,
        better: 'less',
        scale: 'ratio',
        limit: TABLE_MB,
        grain: 2
      },
      {
        id: 'a decision among 10,000 hosts against 10',
        value: (tenThousand ?? 0) / (ten ?? 1),
        better: 'less',
        scale: 'ratio',
        limit: 1.1,
        grain: 0.1
      }
    ],
    notes: [
      `${WORKERS} worker processes; ${few?.inForce[0]?.length ?? 0} changes of each kind. Each host has a Service, a pod, an EndpointSlice, a DestinationRule with two subsets and a VirtualService of five routes, 100 hosts in a namespace.`
    ]
  }
}

function tablesOf(inside: readonly Measured[], answers: readonly number[][], decided: Decided): Finding['tables'] {
  const size = (hosts: number): string => `${hosts.toLocaleString('en')} hosts`
  return [
    {
      title: 'A change, until every worker has acknowledged it: median / p99, ms',
      columns: ['change', ...inside.flatMap(({ hosts }) => [`${size(hosts)}: in force`, 'of it compiling', 'judging by lint'])],
      rows: KINDS.map(({ name }, at) => [
        name,
        ...inside.flatMap(({ inForce, compiling, judging }) => [inForce, compiling, judging].map((times) => two(times[at] ?? [])))
      ])
    },
    {
      title: 'All of it',
      columns: [
        '',
        'compiled, ms',
        'sent and in force, ms',
        'linted, ms',
        'kept by a worker, MB',
        'a decision for ten of them, ns',
        'for all in turn, ns'
      ],
      rows: inside.map(({ hosts, compiled, pushed, linted, heap }, at) => [
        size(hosts),
        ...[compiled, pushed, linted, heap, decided.same[at] ?? Number.NaN, decided.all[at] ?? Number.NaN].map((value) =>
          value.toFixed(value < 100 ? 1 : 0)
        )
      ])
    },
    {
      title: 'PATCH of a VirtualService over the API of an instance, in force and judged when answered: median / p99, ms',
      columns: SERVED.map(size),
      rows: [answers.map(two)]
    }
  ]
}

if (import.meta.main) await alone(hostsBench)
