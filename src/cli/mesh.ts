// Keeps the data plane equal to the API: what routing reads is followed, compiled and pushed; Gateways, Services and pods get their
// listeners; changes are collected for one turn, so that many writes lead to one compilation.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { NameWatch } from '../control/name-watch.ts'
import type { LookUp } from '../control/name-watch.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import type { ObjectEvent } from '../kube/reflector.ts'
import { KeySets } from '../remote/key-sets.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { WrittenChecks } from '../route/check-rules.ts'
import { isBroken } from '../route/compile-routes.ts'
import { putObject } from '../route/compiler-feed.ts'
import { keySetUris } from '../route/compile-tokens.ts'
import { diffTables } from '../route/diff-tables.ts'
import { addressesBehind } from '../route/reachable.ts'
import { RouteCompiler } from '../route/route-compiler.ts'
import type { RouteTable } from '../route/route-table.ts'
import { TableState } from '../route/table-state.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { dig } from '../std/json.ts'
import type { ListenerSpec } from '../proxy/listener.ts'
import type { Workers } from '../proxy/workers.ts'
import { Following } from './following.ts'
import { isEntrance, type ListenerPlan, WantedListeners } from './listeners.ts'

/** What it orders of the workers. */
export type MeshWorkers = Pick<Workers, 'apply' | 'listen' | 'push' | 'quiet' | 'unlisten'>

/** What the mesh needs. */
export interface MeshOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly workers: MeshWorkers
  readonly plan: ListenerPlan
  readonly log: (line: string) => void
  readonly lookUp: LookUp
  /** Called when something that routing reads has changed. */
  readonly changed?: (event: ObjectEvent) => void
}

const ISTIO = { group: 'networking.istio.io', version: 'v1' }
const FOLLOWED: readonly ResourceRef[] = [
  { group: '', version: 'v1', resource: 'namespaces' },
  { group: '', version: 'v1', resource: 'services' },
  { group: '', version: 'v1', resource: 'pods' },
  { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
  { ...ISTIO, resource: 'virtualservices' },
  { ...ISTIO, resource: 'destinationrules' },
  { ...ISTIO, resource: 'gateways' },
  { ...ISTIO, resource: 'serviceentries' },
  { ...ISTIO, resource: 'workloadentries' },
  { ...ISTIO, resource: 'sidecars' },
  { ...ISTIO, version: 'v1alpha3', resource: 'envoyfilters' },
  { group: 'security.istio.io', version: 'v1', resource: 'requestauthentications' }
]

/** A table and the versions of the objects it was made from, by kind and name. */
interface InForce {
  readonly state: TableState
  readonly versions: Map<string, number>
  /** The newest version of each kind, of deleted objects too: the changes of one kind come in their order. */
  readonly newest: Map<string, number>
}

/** What became of an object. */
interface ObjectChange {
  readonly before: KubeObject | undefined
  readonly after: KubeObject | undefined
}

/** How long a compilation waits for keys that are fetched the first time. */
const KEYS_WAIT: Millis = 1000
/** How long requests in hand at a pod hold up its end: whatever its program has not read by then, it does not read. */
const QUIET_WITHIN: Millis = 1000
/** Listeners that are asked for before the first of them listens. */
const LISTEN_AT_ONCE = 50
/** A port that was taken is tried again after so long. */
const LISTEN_AGAIN: Millis = 5000

/** Owns the table in force and the listeners of the data plane. */
export class Mesh {
  readonly #options: MeshOptions
  readonly #followed: Following
  readonly #names: NameWatch
  readonly #listening = new Map<string, number | undefined>()
  /** Why listeners that are wanted do not listen; they are tried again. */
  readonly #refused = new Map<string, string>()
  #failure: string | undefined
  /** Cancels the next try. */
  #again: (() => void) | undefined
  readonly #pushed = new Set<() => void>()
  #compiler: RouteCompiler
  /** A compilation failed: the next one begins from nothing. */
  #failed = false
  /** Not compiled yet, in the order they came. */
  #changes: ObjectChange[] = []
  /** Being compiled and brought to the workers. */
  #bringing: readonly ObjectChange[] = []
  /** What every worker acknowledged. */
  readonly #inForce: InForce = { state: new TableState(), versions: new Map(), newest: new Map() }
  readonly #wanted: WantedListeners
  /** Everything has been listed once: before that a table would lack what is not yet known. */
  #following = false
  readonly #keySets: KeySets
  #scheduled = false
  readonly #checks = new WrittenChecks()
  #syncing: Promise<void> = Promise.resolve()

  constructor(options: MeshOptions) {
    this.#options = options
    const { client, clock, draw, log, lookUp } = options
    this.#compiler = this.#newCompiler()
    this.#wanted = new WantedListeners(options.plan)
    this.#names = new NameWatch({ clock, lookUp, log, changed: () => this.#schedule() })
    this.#keySets = new KeySets({ clock, log, changed: () => this.#schedule() })
    this.#followed = new Following({
      client,
      clock,
      draw,
      log,
      part: 'mesh',
      resources: FOLLOWED,
      changed: (event) => {
        const { kind, object, previous } = event
        this.#changes.push({ before: previous, after: kind === 'deleted' ? undefined : object })
        options.changed?.(event)
        this.#schedule()
      }
    })
  }

  /** Follows the API until the signal ends it; `ready` is called once the first table is in force. */
  async run(signal: AbortSignal, ready: () => void): Promise<void> {
    await this.#followed.run(signal, async () => {
      this.#following = true
      await this.#syncNext()
      ready()
    })
    this.#following = false
    this.#again?.()
    this.#names.stop()
    await this.#keySets.follow(new Set())
  }

  /** The port a listener got, undefined while it does not listen. */
  portOf(id: string): number | undefined {
    return this.#listening.get(id)
  }

  /** The rules that every worker has. */
  get table(): RouteTable {
    return this.#inForce.state.table
  }

  /** Addresses that requests to a host may come to, by the rules that every worker has. */
  addressesBehind(host: string): ReadonlySet<string> {
    return addressesBehind(this.#inForce.state, host)
  }

  /** A sentence for everything that should be in force and is not. */
  troubles(): string[] {
    return [
      ...(this.#failure === undefined ? [] : [`the rules in force are not the newest: ${this.#failure}`]),
      ...this.#refused.values(),
      ...this.#keySets.troubles()
    ]
  }

  /** Every object that routing reads, as last seen. */
  objects(): KubeObject[] {
    return this.#followed.objects()
  }

  /**
   * Resolves once no request can reach the pod, which is being deleted: what is in force was made from it as it is now, and has no endpoint
   * of it, and the requests in hand there are over or have had a second to be read.
   */
  async drained(pod: KubeObject, signal: AbortSignal): Promise<void> {
    const { clock, workers } = this.#options
    const version = Number(pod.metadata.resourceVersion)
    const address = dig(pod, 'status', 'podIP')
    // Whatever was written before the pod's end is heard of by now, or in this turn.
    await wait(clock, 0, signal).catch(() => undefined)
    await this.#once(({ state, versions }) => {
      const made = versions.get(keyOf(pod))
      if (made === undefined ? this.#isPending(pod) : made < version) return false
      for (const { endpoints } of state.clusters.values()) if (endpoints.some((endpoint) => endpoint.address === address)) return false
      return true
    }, signal)
    if (typeof address === 'string' && !signal.aborted) await workers.quiet(address, QUIET_WITHIN)
  }

  /** A change of the object is heard of and not yet in force. */
  #isPending(object: KubeObject): boolean {
    const key = keyOf(object)
    return [...this.#bringing, ...this.#changes].some(({ before, after }) => {
      const changed = after ?? before
      return changed !== undefined && keyOf(changed) === key
    })
  }

  /**
   * Resolves once what is in force was made from `object` as it is now, or from what was made of it since, its end included; after `limit` in
   * any case.
   */
  async obeys(object: KubeObject, limit: Millis): Promise<void> {
    if (!this.#following) return
    const over = new AbortController()
    const cancel = this.#options.clock.after(limit, () => over.abort())
    const version = Number(object.metadata.resourceVersion)
    await this.#once(({ newest }) => (newest.get(object.kind) ?? 0) >= version, over.signal)
    cancel()
  }

  #once(test: (inForce: InForce) => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!test(this.#inForce) && !signal.aborted) return
        this.#pushed.delete(look)
        resolve()
      }
      this.#pushed.add(look)
      signal.addEventListener('abort', look, { once: true })
      look()
    })
  }

  /** No request from outside comes in any more; those under way have `limit` ms to end, with pods and Services still there for them. */
  async closeEntrances(limit: Millis): Promise<void> {
    const { clock, workers } = this.#options
    this.#following = false
    const entrances = [...this.#listening.keys()].filter(isEntrance)
    const over = new AbortController()
    const limited = wait(clock, limit, over.signal).catch(() => undefined)
    await Promise.race([Promise.all(entrances.map((id) => workers.unlisten(id))), limited])
    over.abort(new Error('drained'))
  }

  #schedule(): void {
    if (this.#scheduled || !this.#following) return
    this.#scheduled = true
    this.#options.clock.after(0, () => {
      this.#scheduled = false
      this.#syncNext().catch((error: unknown) => {
        this.#failure = String(error)
        this.#options.log(`mesh: ${this.#failure}`)
      })
    })
  }

  /** One compilation at a time, each after the one before. */
  #syncNext(): Promise<void> {
    const next = this.#syncing.then(() => this.#sync())
    // The next one must not suffer from this one's failure, which its caller hears of.
    this.#syncing = next.catch(() => undefined)
    return next
  }

  async #sync(): Promise<void> {
    const changes = this.#changes
    this.#changes = []
    this.#bringing = changes
    try {
      await this.#bring(changes)
    } catch (error) {
      this.#changes = [...changes, ...this.#changes]
      this.#bringing = []
      this.#failed = true
      throw error
    }
    this.#bringing = []
    for (const { before, after } of changes) {
      if (after !== undefined) this.#noteVersion(after)
      else if (before !== undefined) this.#inForce.versions.delete(keyOf(before))
      this.#wanted.put(before, after)
    }
    for (const look of this.#pushed) look()
    this.#wanted.setGatewayPorts(this.#compiler.gatewayPorts(), this.#compiler.gatewayStreams())
    await this.#listen()
    this.#failure = undefined
    this.#again?.()
    this.#again = this.#refused.size > 0 && this.#following ? this.#options.clock.after(LISTEN_AGAIN, () => this.#schedule()) : undefined
  }

  #noteVersion(object: KubeObject): void {
    const { versions, newest } = this.#inForce
    const version = Number(object.metadata.resourceVersion)
    versions.set(keyOf(object), version)
    newest.set(object.kind, Math.max(newest.get(object.kind) ?? 0, version))
  }

  /** Compiles the changes and brings the workers to what follows from them; after a failure everything, from nothing. */
  async #bring(changes: readonly ObjectChange[]): Promise<void> {
    const anew = this.#failed
    if (anew) this.#compiler = this.#newCompiler()
    const compiler = this.#compiler
    const all = (): ObjectChange[] => this.objects().map((object) => ({ before: undefined, after: object }))
    for (const { before, after } of anew ? all() : changes) putObject(compiler, before, after)
    compiler.settle({ keySets: await this.#keySetsOf(), resolved: this.#names.answers() })
    const compiled = compiler.compile()
    this.#names.want(compiler.hosts.namesToResolve())
    if (anew) await this.#options.workers.push(compiler.table)
    else await this.#options.workers.apply(compiled)
    const { state } = this.#inForce
    state.applyAll(anew ? diffTables(state.table, compiler.table) : compiled)
    this.#failed = false
  }

  #newCompiler(): RouteCompiler {
    const check = (object: KubeObject): readonly ObjectProblem[] => this.#checks.of(object)
    return new RouteCompiler({ isBroken: (each) => isBroken(each, check), previous: this.#inForce.state.table })
  }

  // New key sets are waited for a moment, so that a rule is not in force without the keys it names.
  async #keySetsOf(): Promise<Record<string, string>> {
    const over = new AbortController()
    const limited = wait(this.#options.clock, KEYS_WAIT, over.signal).catch(() => undefined)
    await Promise.race([
      this.#keySets.follow(keySetUris({ requestAuthentications: this.#compiler.list('requestAuthentications') })),
      limited
    ])
    over.abort(new Error('fetched'))
    return this.#keySets.sets
  }

  async #listen(): Promise<void> {
    const { workers, log } = this.#options
    const changed = [...new Set([...this.#wanted.takeChanged(), ...this.#refused.keys()])]
    for (const id of changed) {
      if (this.#wanted.get(id) !== undefined) continue
      this.#refused.delete(id)
      if (!this.#listening.delete(id)) continue
      // Draining may take long; nothing waits for it.
      workers.unlisten(id).catch((error: unknown) => log(`mesh: ${id}: ${String(error)}`))
    }
    const missing = changed.flatMap((id) => (this.#listening.get(id) === undefined ? (this.#wanted.get(id) ?? []) : []))
    for (let at = 0; at < missing.length; at += LISTEN_AT_ONCE)
      await Promise.all(missing.slice(at, at + LISTEN_AT_ONCE).map((spec) => this.#listenOn(spec)))
  }

  async #listenOn(spec: ListenerSpec): Promise<void> {
    const { workers, log } = this.#options
    const { id } = spec
    this.#listening.set(id, undefined)
    try {
      this.#listening.set(id, await workers.listen(spec))
      // Nobody can know a port that the system chose; those of the first lines are in serin.json.
      const { entry, port, address } = spec
      if (port === 0 && isEntrance(id) && entry.kind !== 'mesh' && entry.port !== 80)
        log(`mesh: port ${entry.port} of gateways is ${address}:${this.#listening.get(id)}`)
      if (this.#refused.delete(id)) log(`mesh: listening on ${spec.address}:${spec.port} for ${id}`)
    } catch (error) {
      const why = `cannot listen on ${spec.address}:${spec.port} for ${id}: ${error instanceof Error ? error.message : String(error)}`
      if (this.#refused.get(id) !== why) log(`mesh: ${why}`)
      this.#refused.set(id, why)
    }
  }
}

function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`
}
