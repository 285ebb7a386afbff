// What is wrong with a set of objects that changes: an object is judged when it comes, and again when something that was looked at for it has
// changed. The same analyses as lint's; few kinds are judged together.

import type { KubeObject } from '../api/object.ts'
import type { ObjectProblem, ProblemObject } from '../route/catalogue.ts'
import { Groups, Reads } from '../std/reads.ts'
import { Around } from './around.ts'
import { analysesOf, checksOf, inOrder } from './lint.ts'
import { nameKey } from './named.ts'
import { lintRollouts } from './rollouts.ts'
import { keyed } from './settle.ts'

/** What else is to be said of an object alone. */
export type Alone = (object: KubeObject) => readonly ObjectProblem[]

const TOGETHER = ['gateways', 'sidecars', 'envoyFilters', 'requestAuthentications'] as const
const PROXIES: ReadonlySet<string> = new Set(['Gateway', 'Sidecar', 'EnvoyFilter', 'RequestAuthentication'])

/** Owns the objects and what is wrong with them. */
export class LiveLint {
  readonly #reads = new Reads()
  readonly #around = new Around(this.#reads)
  readonly #alone: Alone
  readonly #objects = new Map<string, KubeObject>()
  readonly #rollouts = new Map<string, KubeObject>()
  readonly #given = new Map<string, readonly ObjectProblem[]>()
  /** By the object they are about, then by who found them. */
  readonly #about = new Groups<readonly ObjectProblem[]>()
  readonly #found = new Map<string, ReadonlyMap<string, ObjectProblem>>()
  #caughtUp = false
  /** How many units were judged. */
  judged = 0

  constructor(alone: Alone = () => []) {
    this.#alone = alone
  }

  /** An object is so now. */
  put(object: KubeObject): void {
    this.#change(objectKey(object), object)
  }

  /** An object is gone. */
  remove(object: ProblemObject): void {
    this.#change(keyOfProblem(object), undefined)
  }

  /** The object that findings are about. */
  get({ kind, namespace, name }: ProblemObject): KubeObject | undefined {
    return this.#objects.get(keyOfProblem({ kind, namespace, name }))
  }

  /** True once everything that had come was judged; what comes later is judged soon after. */
  get hasCaughtUp(): boolean {
    return this.#caughtUp
  }

  /** True when something is out of date. */
  get isBehind(): boolean {
    return this.#reads.stale('object').length + this.#reads.stale('together').length > 0
  }

  /**
   * Judges what is out of date, until `enough` says so: the object `first`, then the others. Gives the objects of which something else may
   * be said now, with what was said before.
   */
  update(enough: () => boolean = () => false, first?: string): Map<string, ReadonlyMap<string, ObjectProblem>> {
    this.#around.update()
    const touched = new Set<string>()
    if (first !== undefined) this.#give(`object ${first}`, this.#judge(first), touched)
    for (const key of this.#reads.stale('object')) {
      if (enough()) return this.#tell(touched)
      this.#give(`object ${key}`, this.#judge(key), touched)
    }
    for (const key of this.#reads.stale('together')) this.#give(`together ${key}`, this.#judgeTogether(key), touched)
    this.#caughtUp = true
    return this.#tell(touched)
  }

  #tell(touched: ReadonlySet<string>): Map<string, ReadonlyMap<string, ObjectProblem>> {
    const before = new Map<string, ReadonlyMap<string, ObjectProblem>>()
    for (const about of touched) {
      const old = this.#found.get(about) ?? NONE
      const now = keyed(inOrder([...this.#about.of(about).values()].flat()))
      if (now.size === 0) this.#found.delete(about)
      else this.#found.set(about, now)
      before.set(about, old)
    }
    return before
  }

  /** What is wrong with an object, by the keys of settle; `key` as objectKey gives it. */
  about(key: string): ReadonlyMap<string, ObjectProblem> {
    return this.#found.get(key) ?? NONE
  }

  /** All problems, as lint gives them. */
  all(): ObjectProblem[] {
    return inOrder([...this.#found.values()].flatMap((found) => [...found.values()]))
  }

  #change(key: string, after: KubeObject | undefined): void {
    const before = this.#objects.get(key)
    if (before === after) return
    if (after === undefined) this.#objects.delete(key)
    else this.#objects.set(key, after)
    this.#around.put(before, after)
    this.#reads.want({ kind: 'object', key })
    const about = after ?? before
    if (about === undefined) return
    if (PROXIES.has(about.kind)) this.#reads.want({ kind: 'together', key: 'proxies' })
    if (about.kind !== 'Deployment' && !about.apiVersion.startsWith('flagger.app/')) return
    if (after === undefined) this.#rollouts.delete(key)
    else this.#rollouts.set(key, after)
    this.#reads.want({ kind: 'together', key: 'rollouts' })
  }

  #judge(key: string): ObjectProblem[] {
    const object = this.#objects.get(key)
    if (object === undefined) {
      this.#reads.drop({ kind: 'object', key })
      return []
    }
    this.judged += 1
    return this.#reads.run({ kind: 'object', key }, () => [
      ...checksOf([object]),
      ...(object.kind === 'VirtualService' || object.kind === 'DestinationRule' ? analysesOf([object], this.#around, 'all') : []),
      ...this.#alone(object)
    ])
  }

  #judgeTogether(key: string): ObjectProblem[] {
    this.judged += 1
    return this.#reads.run({ kind: 'together', key }, () => {
      if (key === 'rollouts') return lintRollouts([...this.#rollouts.values()])
      const objects = TOGETHER.flatMap((list): readonly object[] => this.#around.all(list))
      // Only whole objects were put there.
      return analysesOf(objects as readonly KubeObject[], this.#around, 'all')
    })
  }

  #give(unit: string, problems: readonly ObjectProblem[], touched: Set<string>): void {
    for (const { object } of this.#given.get(unit) ?? []) {
      this.#about.remove(keyOfProblem(object), unit)
      touched.add(keyOfProblem(object))
    }
    for (const [about, own] of Map.groupBy(problems, ({ object }) => keyOfProblem(object))) {
      this.#about.put(about, unit, own)
      touched.add(about)
    }
    if (problems.length === 0) this.#given.delete(unit)
    else this.#given.set(unit, problems)
  }
}

const NONE: ReadonlyMap<string, ObjectProblem> = new Map()

/** `Kind namespace/name`; without a namespace it is `default`, as in findings. */
export function objectKey({ kind, metadata }: KubeObject): string {
  return nameKey(kind, metadata.namespace, metadata.name)
}

/** The same of what a finding is about. */
export function keyOfProblem({ kind, namespace, name }: ProblemObject): string {
  return nameKey(kind, namespace, name)
}
