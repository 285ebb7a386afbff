// Keeps the data plane equal to the API: what routing reads is followed, compiled and pushed; Gateways, Services and pods get their
// listeners; changes are collected for one turn, so that many writes lead to one compilation.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { NameWatch } from '../control/name-watch.ts'
import type { LookUp } from '../control/name-watch.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { KeySets } from '../remote/key-sets.ts'
import { WrittenChecks } from '../route/check-rules.ts'
import { compileRoutes } from '../route/compile-routes.ts'
import { keySetUris } from '../route/compile-tokens.ts'
import type { MeshConfig } from '../route/mesh-config.ts'
import { meshConfigOf } from '../route/mesh-objects.ts'
import { namesIn } from '../route/registry.ts'
import { EMPTY_TABLE, type RouteTable } from '../route/route-table.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { Workers } from '../proxy/workers.ts'
import { Following } from './following.ts'
import { isEntrance, type ListenerPlan, wantedListeners } from './listeners.ts'

/** What the mesh needs. */
export interface MeshOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly workers: Workers
  readonly plan: ListenerPlan
  readonly log: (line: string) => void
  readonly lookUp: LookUp
  /** Called when something that routing reads has changed. */
  readonly changed?: () => void
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

/** A table and the objects it was made from. */
interface InForce {
  readonly table: RouteTable
  readonly objects: readonly KubeObject[]
}

/** How long a compilation waits for keys that are fetched the first time. */
const KEYS_WAIT: Millis = 1000
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
  #table: RouteTable = EMPTY_TABLE
  /** What every worker acknowledged. */
  #inForce: InForce = { table: EMPTY_TABLE, objects: [] }
  /** Everything has been listed once: before that a table would lack what is not yet known. */
  #following = false
  readonly #keySets: KeySets
  #scheduled = false
  readonly #checks = new WrittenChecks()
  #syncing: Promise<void> = Promise.resolve()

  constructor(options: MeshOptions) {
    this.#options = options
    const { client, clock, draw, log, lookUp } = options
    this.#names = new NameWatch({ clock, lookUp, log, changed: () => this.#schedule() })
    this.#keySets = new KeySets({ clock, log, changed: () => this.#schedule() })
    this.#followed = new Following({
      client,
      clock,
      draw,
      log,
      part: 'mesh',
      resources: FOLLOWED,
      changed: () => {
        options.changed?.()
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
    return this.#inForce.table
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

  /** Resolves once no cluster in force has an endpoint of the pod. */
  drained(pod: KubeObject, signal: AbortSignal): Promise<void> {
    const { namespace, name } = pod.metadata
    return this.#once(
      ({ table }) =>
        !Object.values(table.clusters).some(({ endpoints }) =>
          endpoints.some((endpoint) => endpoint.pod === name && endpoint.namespace === namespace)
        ),
      signal
    )
  }

  /** Resolves once what is in force was made from `object` as it is now, or later; after `limit` in any case. */
  async obeys(object: KubeObject, limit: Millis): Promise<void> {
    if (!this.#following) return
    const over = new AbortController()
    const cancel = this.#options.clock.after(limit, () => over.abort())
    const version = Number(object.metadata.resourceVersion)
    await this.#once(
      ({ objects }) => objects.some((other) => isSame(other, object) && Number(other.metadata.resourceVersion) >= version),
      over.signal
    )
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
    const objects = this.objects()
    const config = meshConfigOf(objects)
    const keySets = await this.#keySetsOf(config)
    this.#names.want(namesIn(config))
    const { table } = compileRoutes({ ...config, keySets, resolved: this.#names.answers() }, this.#table, (object) =>
      this.#checks.of(object)
    )
    this.#table = table
    await this.#options.workers.push(table)
    this.#inForce = { table, objects }
    for (const look of this.#pushed) look()
    await this.#listen(objects, table)
    this.#failure = undefined
    this.#again?.()
    this.#again = this.#refused.size > 0 && this.#following ? this.#options.clock.after(LISTEN_AGAIN, () => this.#schedule()) : undefined
  }

  // New key sets are waited for a moment, so that a rule is not in force without the keys it names.
  async #keySetsOf(config: MeshConfig): Promise<Record<string, string>> {
    const over = new AbortController()
    const limited = wait(this.#options.clock, KEYS_WAIT, over.signal).catch(() => undefined)
    await Promise.race([this.#keySets.follow(keySetUris(config)), limited])
    over.abort(new Error('fetched'))
    return this.#keySets.sets
  }

  async #listen(objects: readonly KubeObject[], table: RouteTable): Promise<void> {
    const { workers, plan, log } = this.#options
    const wanted = new Map(wantedListeners(objects, table, plan).map((spec) => [spec.id, spec]))
    for (const id of this.#listening.keys()) {
      if (wanted.has(id)) continue
      this.#listening.delete(id)
      // Draining may take long; nothing waits for it.
      workers.unlisten(id).catch((error: unknown) => log(`mesh: ${id}: ${String(error)}`))
    }
    for (const id of this.#refused.keys()) if (!wanted.has(id)) this.#refused.delete(id)
    for (const [id, spec] of wanted) {
      if (this.#listening.get(id) !== undefined) continue
      this.#listening.set(id, undefined)
      try {
        this.#listening.set(id, await workers.listen(spec))
        if (this.#refused.delete(id)) log(`mesh: listening on ${spec.address}:${spec.port} for ${id}`)
      } catch (error) {
        const why = `cannot listen on ${spec.address}:${spec.port} for ${id}: ${error instanceof Error ? error.message : String(error)}`
        if (this.#refused.get(id) !== why) log(`mesh: ${why}`)
        this.#refused.set(id, why)
      }
    }
  }
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.kind === b.kind && a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace
}
