// `serin status`: how Canaries stand, once or as it changes, for people, logs and programs.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import type { KubeClient, ListQuery } from '../kube/kube-client.ts'
import { keyOfObject, Reflector } from '../kube/reflector.ts'
import { type GateConfig, gateConfigName } from '../canary/gate-options.ts'
import { type Plan, planOf } from '../canary/plan.ts'
import { targetKindOf } from '../objects/targets.ts'
import { RESOURCES } from '../objects/write.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import type { Line } from './demo-view.ts'
import { EXIT, exitOf, notFound, RolloutError } from './rollout-end.ts'
import { factsOf, hasEnded, type RolloutFacts } from './rollout-facts.ts'
import type { StatusOptions } from './rollout-options.ts'
import { releasesOf, seenIn } from './release-facts.ts'
import { pictureOf } from './release-view.ts'
import { readReleases, unlessUnread } from './rollout-history.ts'
import { blockOf, changeLine, dataText, tableOf } from './rollout-view.ts'

/** What a command of a rollout works with. */
export interface RolloutIo {
  readonly client: KubeClient
  /** undefined: all. */
  readonly namespace: string | undefined
  readonly clock: Clock
  readonly draw: Draw
  /** Lines that stay. */
  readonly print: (lines: readonly Line[]) => void
  readonly complain: (line: string) => void
  /** Draws in place of what was drawn before; undefined where there is no terminal. */
  readonly draw2d: ((lines: readonly Line[]) => void) | undefined
  /** Aborted when somebody asks it to end. */
  readonly signal: AbortSignal
}

// Between two looks at what does not report: the age of things, and a target that was changed back.
const REPAINT: Millis = 1000
const TARGETS: Millis = 5000
/** Canaries of which what belongs to them is read at the same time. */
export const READ_AT_ONCE = 16
const TEMPLATES: ResourceRef = { group: 'flagger.app', version: 'v1beta1', resource: 'metrictemplates' }

/** Shows the status; resolves with the exit status. Rejects with what `failureOf` knows. */
export async function showStatus(options: StatusOptions, io: RolloutIo): Promise<number> {
  const facts = await readFacts(options.name, io)
  if (options.mode === 'watch') return watchStatus(options, io)
  const [first] = facts
  if (options.output === 'svg') io.print([{ text: chartPicture(first), tone: 'plain' }])
  else show(facts, options, io)
  return options.exit === 'no' || first === undefined ? EXIT.done : exitOf(first)
}

async function readFacts(name: string | undefined, io: RolloutIo): Promise<readonly RolloutFacts[]> {
  const { client, namespace, signal } = io
  if (name === undefined) {
    const { items } = await client.list(queryFor(undefined, io), { signal })
    return factsOfAll(items, 'many', io)
  }
  const canary = await client.get({ ...RESOURCES.canaries, name, ...(namespace !== undefined && { namespace }) }, { signal })
  if (canary === undefined) throw notFound(namespace, name)
  return [await factsNow(canary, 'one', io)]
}

// In their order.
async function factsOfAll(canaries: readonly KubeObject[], among: 'one' | 'many', io: RolloutIo): Promise<readonly RolloutFacts[]> {
  const all: RolloutFacts[] = []
  for (let from = 0; from < canaries.length; from += READ_AT_ONCE) {
    all.push(...(await Promise.all(canaries.slice(from, from + READ_AT_ONCE).map((canary) => factsNow(canary, among, io)))))
  }
  return all
}

// Who may read Canaries but not what belongs to them is told what the Canary says. Routes and Releases are for one of them, not for many.
async function factsNow(canary: KubeObject, among: 'one' | 'many', io: RolloutIo): Promise<RolloutFacts> {
  const { client, signal } = io
  const { namespace = '' } = canary.metadata
  const plan = planOf(canary)
  const read = (resource: ResourceRef, name: string | undefined): Promise<KubeObject | undefined> =>
    name === undefined ? Promise.resolve(undefined) : unlessUnread(client.get({ ...resource, namespace, name }, { signal }))
  const own = [read(targetKindOf(plan).resource, plan.target), read(RESOURCES.configMaps, gateConfigName(canary))] as const
  const configOf = (object: KubeObject | undefined): GateConfig | undefined => object && { kind: 'found', object }
  if (among === 'many') {
    const [workload, config] = await Promise.all(own)
    return factsOf(canary, workload, { gateConfig: configOf(config) })
  }
  const [workload, config, routes, objects, templates] = await Promise.all([
    ...own,
    read(RESOURCES.virtualServices, plan.apex),
    readReleases(canary, io),
    templatesOf(plan, io)
  ])
  return factsOf(canary, workload, {
    routes,
    releases: releasesOf(canary, objects),
    seen: seenIn(canary, objects),
    templates,
    gateConfig: configOf(config)
  })
}

// The queries of the MetricTemplates that it names, of those that may be read.
async function templatesOf({ metrics }: Plan, { client, signal }: RolloutIo): Promise<ReadonlyMap<string, string>> {
  const named = new Map(
    metrics.flatMap((check) => (check.kind === 'template' ? [[`${check.template.namespace}/${check.template.name}`, check.template]] : []))
  )
  const queries = [...named].map(async ([key, { namespace, name }]) => {
    const query = dig(await unlessUnread(client.get({ ...TEMPLATES, namespace, name }, { signal })), 'spec', 'query')
    return typeof query === 'string' ? [[key, query] as const] : []
  })
  return new Map((await Promise.all(queries)).flat())
}

function chartPicture(facts: RolloutFacts | undefined): string {
  const release = facts?.release ?? null
  const picture = release === null ? undefined : pictureOf(release)
  if (picture !== undefined) return picture
  throw new RolloutError(
    EXIT.refused,
    `canary ${facts?.name ?? ''} has no evidence yet: the gate looks at rollouts by weight, from their first traffic on`
  )
}

function queryFor(name: string | undefined, { namespace }: RolloutIo): ListQuery {
  return {
    ...RESOURCES.canaries,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { fieldSelector: `metadata.name=${name}` })
  }
}

function show(all: readonly RolloutFacts[], { name, output }: StatusOptions, io: RolloutIo): void {
  const now = io.clock.now()
  const [first] = all
  if (output === 'json' || output === 'yaml') {
    io.print([{ text: dataText(name === undefined || first === undefined ? all : first, output), tone: 'plain' }])
  } else if (name !== undefined && first !== undefined && output === 'text') io.print(blockOf(first, now))
  else if (all.length === 0) io.complain(`no Canaries in ${io.namespace === undefined ? 'any namespace' : `namespace ${io.namespace}`}`)
  else io.print(tableOf(all, now, output === 'wide' ? 'wide' : 'narrow'))
}

/** Follows until the end that was asked for. Owns what was shown last, which stays on a terminal. */
async function watchStatus(options: StatusOptions, given: RolloutIo): Promise<number> {
  let drawn: readonly Line[] = []
  const { draw2d } = given
  const io: RolloutIo = { ...given, draw2d: draw2d && ((lines) => draw2d((drawn = lines))) }
  const ended = new AbortController()
  const signal = AbortSignal.any([io.signal, ended.signal])
  const reflector = reflectorFor(options.name, io)
  const running = reflector.run(signal)
  const shown = new Map<string, string>()
  const among = options.name === undefined ? 'many' : 'one'
  const late = options.timeout === undefined ? undefined : io.clock.now() + options.timeout
  try {
    await Promise.race([reflector.whenSynced(), running])
    for (;;) {
      const all = await factsOfAll(reflector.objects(), among, { ...io, signal })
      const code = endOf(all, options)
      tell(all, shown, { options, io, last: code !== undefined })
      if (code !== undefined) return code
      if (late !== undefined && io.clock.now() >= late) return timedOut(all, options, io)
      await nextChange(reflector, all, { io, signal, until: late })
    }
  } catch (error) {
    if (!io.signal.aborted) throw error
    if (drawn.length > 0) io.print(drawn)
    return options.exit === 'no' ? EXIT.done : EXIT.interrupted
  } finally {
    ended.abort()
    await running.catch(() => undefined)
  }
}

function reflectorFor(name: string | undefined, io: RolloutIo): Reflector {
  let last = ''
  const onError = (error: unknown): void => {
    const line = error instanceof Error ? error.message : String(error)
    if (line !== last) io.complain(`${line}; trying again`)
    last = line
  }
  return new Reflector({ client: io.client, clock: io.clock, draw: io.draw, query: queryFor(name, io), onError })
}

function endOf(all: readonly RolloutFacts[], { name, exit }: StatusOptions): number | undefined {
  const [first] = all
  if (name === undefined) return undefined
  if (first === undefined) return EXIT.notFound
  if (exit === 'no') return undefined
  return hasEnded(first, exit === 'at the end' ? 'goes on' : 'ends') ? exitOf(first) : undefined
}

function timedOut([first]: readonly RolloutFacts[], { exit }: StatusOptions, io: RolloutIo): number {
  if (exit === 'no') return EXIT.done
  io.complain(`timed out: ${first === undefined ? 'nothing there' : changeLine(first)}`)
  return EXIT.timedOut
}

interface Telling {
  readonly options: StatusOptions
  readonly io: RolloutIo
  readonly last: boolean
}

// On a terminal it is drawn over, and the last state stays; elsewhere each change is a line.
function tell(all: readonly RolloutFacts[], shown: Map<string, string>, { options, io, last }: Telling): void {
  const { name, output } = options
  const now = io.clock.now()
  const [first] = all
  if (io.draw2d !== undefined && (output === 'text' || output === 'wide')) {
    const lines = name !== undefined && first !== undefined ? blockOf(first, now) : tableOf(all, now, output === 'wide' ? 'wide' : 'narrow')
    if (last) io.print(lines)
    else io.draw2d(lines)
    return
  }
  for (const facts of all) {
    const key = `${facts.namespace}/${facts.name}`
    const line = changeLine(facts)
    if (shown.get(key) === line) continue
    shown.set(key, line)
    io.print([{ text: textOf(facts, line, output), tone: 'plain' }])
  }
}

function textOf(facts: RolloutFacts, line: string, output: StatusOptions['output']): string {
  if (output === 'yaml') return `---\n${dataText(facts, 'yaml')}`
  return output === 'json' ? dataText(facts, 'json line') : line
}

interface Waiting {
  readonly io: RolloutIo
  readonly signal: AbortSignal
  readonly until: Millis | undefined
}

// The reflector is asked for its versions: cheap, and nothing is lost between two changes.
async function nextChange(reflector: Reflector, all: readonly RolloutFacts[], { io, signal, until }: Waiting): Promise<void> {
  const versions = (): string =>
    reflector
      .objects()
      .map((each) => `${keyOfObject(each)} ${each.metadata.resourceVersion}`)
      .join()
  const before = versions()
  const longest = io.draw2d === undefined ? TARGETS : REPAINT
  const end = Math.min(io.clock.now() + longest, until ?? Infinity)
  const pace = all.length > 100 ? REPAINT : 200
  while (versions() === before && io.clock.now() < end) await wait(io.clock, Math.max(1, Math.min(pace, end - io.clock.now())), signal)
}
