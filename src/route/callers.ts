// Kinds of callers in the mesh: each namespace without labels, and each set of labels that some rule can tell apart; with what a Sidecar
// lets them know.

import type { Reads } from '../std/reads.ts'
import type { MeshSource } from './route-table.ts'
import { meshScope } from './route-table.ts'
import type { Egress, Sidecars } from './sidecars.ts'

/** A kind of caller. */
export interface Caller {
  readonly source: MeshSource
  readonly egress: Egress
}

/** Owns the kinds of callers. Cells: `callers` for all, `callers NAMESPACE` for those of one, `callers apart` for those with imports of their own. */
export class Callers {
  readonly #reads: Reads
  #all: readonly Caller[] = []
  #byNamespace: ReadonlyMap<string, readonly Caller[]> = new Map()
  #apart: readonly Caller[] = []
  #common: Caller
  #ids = { all: '', apart: '' }

  constructor(reads: Reads, sidecars: Sidecars) {
    this.#reads = reads
    this.#common = callerOf({ namespace: '', labels: {} }, sidecars)
  }

  /** Replaces all of them; `sources` are in the order of their ids, callers outside any namespace first. */
  set(sources: readonly MeshSource[], sourceLabels: readonly string[], sidecars: Sidecars): void {
    const before = this.#byNamespace
    this.#all = sources.map((source) => callerOf(source, sidecars))
    this.#common = this.#all.find(({ source }) => source.namespace === '') ?? callerOf({ namespace: '', labels: {} }, sidecars)
    this.#byNamespace = Map.groupBy(this.#all, ({ source }) => source.namespace)
    this.#apart = this.#all.filter((caller) => !sharesImports(caller, this.#common))
    const idsOf = (callers: readonly Caller[]): string => callers.map(({ source }) => meshScope(sourceLabels, source, 0)).join('\n')
    for (const namespace of new Set([...before.keys(), ...this.#byNamespace.keys()])) {
      if (idsOf(before.get(namespace) ?? []) !== idsOf(this.#byNamespace.get(namespace) ?? [])) this.#reads.touch(`callers ${namespace}`)
    }
    const [all, apart] = [idsOf(this.#all), idsOf(this.#apart)]
    if (all !== this.#ids.all) this.#reads.touch('callers')
    if (apart !== this.#ids.apart) this.#reads.touch('callers apart')
    this.#ids = { all, apart }
  }

  /** Callers outside any namespace: what they know is what others know who say nothing else. */
  get common(): Caller {
    return this.#common
  }

  /** All, in the order of their ids. */
  all(): readonly Caller[] {
    this.#reads.note('callers')
    return this.#all
  }

  /** All of one namespace. */
  of(namespace: string): readonly Caller[] {
    this.#reads.note(`callers ${namespace}`)
    return this.#byNamespace.get(namespace) ?? []
  }

  /** Those whose Sidecar lets them know other hosts than the common callers. */
  apart(): readonly Caller[] {
    this.#reads.note('callers apart')
    return this.#apart
  }
}

/** Whether what the two know on a port is told by the same Sidecar, or by none. */
export function sharesImportsAt(a: Caller, b: Caller, port: number): boolean {
  return a.egress.importsAt(port) === b.egress.importsAt(port)
}

function sharesImports(a: Caller, b: Caller): boolean {
  if (a.egress === b.egress) return true
  // A port that neither lists means whatever both say of the others.
  return [0, ...a.egress.ports, ...b.egress.ports].every((port) => sharesImportsAt(a, b, port))
}

function callerOf(source: MeshSource, sidecars: Sidecars): Caller {
  return { source, egress: sidecars.of(source) }
}
