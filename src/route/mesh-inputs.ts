// The objects that routing reads, one at a time: what each says about which callers and namespaces there are is counted here, so that a
// change costs what it changes.

import { Tally } from '../std/reads.ts'
import type { MeshConfig, MeshPod } from './mesh-config.ts'
import { namespaceOf } from './mesh-config.ts'
import { type MeshSource, meshScope } from './route-table.ts'

/** The lists of a config that hold objects. */
export type MeshList = Exclude<keyof MeshConfig, 'namespaces' | 'keySets' | 'resolved' | 'locality' | 'gatewayLabels' | 'gatewayNamespace'>

/** An object of a list. */
export type Listed<L extends MeshList> = NonNullable<MeshConfig[L]>[number]

/** Owns the callers that pods and namespaces make. */
export class CallerTally {
  readonly #pods = new Map<string, MeshPod>()
  readonly #podLabels = new Tally()
  readonly #namespaces = new Tally()
  readonly #kinds = new Tally()
  readonly #sources = new Map<string, MeshSource>()
  #sourceLabels: readonly string[] = []
  #changed = true

  constructor() {
    this.#namespaces.move([], ['', 'default'])
  }

  /** A namespace that some object is in, or is. */
  setNamespace(before: string | undefined, after: string | undefined): void {
    const names = (name: string | undefined): string[] => (name === undefined ? [] : [name])
    this.#changed = this.#namespaces.move(names(before), names(after)) || this.#changed
  }

  setPod(key: string, before: MeshPod | undefined, after: MeshPod | undefined): void {
    if (after === undefined) this.#pods.delete(key)
    else this.#pods.set(key, after)
    this.#podLabels.move(labelKeys(before), labelKeys(after))
    this.#changed = this.#kinds.move(this.#kindOf(before), this.#kindOf(after)) || this.#changed
  }

  /** Whether any pod has the label. */
  hasLabel(key: string): boolean {
    return this.#podLabels.has(key)
  }

  pods(): MapIterator<MeshPod> {
    return this.#pods.values()
  }

  /** The kinds of callers in the order of their ids; undefined when they are the same as last time. */
  takeSources(sourceLabels: readonly string[]): MeshSource[] | undefined {
    if (sourceLabels.join('|') !== this.#sourceLabels.join('|')) this.#recount(sourceLabels)
    if (!this.#changed) return undefined
    this.#changed = false
    const found = new Map(
      this.#namespaces.names().map((namespace) => [meshScope(sourceLabels, { namespace, labels: {} }, 0), { namespace, labels: {} }])
    )
    for (const id of this.#kinds.names()) {
      const source = this.#sources.get(id)
      if (source !== undefined) found.set(id, source)
    }
    return [...found.keys()].toSorted().flatMap((id) => found.get(id) ?? [])
  }

  #recount(sourceLabels: readonly string[]): void {
    this.#kinds.move(
      this.#kinds.names().flatMap((id) => Array<string>(this.#kinds.count(id)).fill(id)),
      []
    )
    this.#sourceLabels = sourceLabels
    this.#sources.clear()
    for (const pod of this.#pods.values()) this.#kinds.move([], this.#kindOf(pod))
    this.#changed = true
  }

  #kindOf(pod: MeshPod | undefined): string[] {
    if (pod === undefined) return []
    const labels = pod.metadata.labels ?? {}
    const asked = this.#sourceLabels.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]] as const]))
    const source = { namespace: namespaceOf(pod), labels: Object.fromEntries(asked) }
    const id = meshScope(this.#sourceLabels, source, 0)
    this.#sources.set(id, source)
    return [id]
  }
}

function labelKeys(pod: MeshPod | undefined): string[] {
  return Object.keys(pod?.metadata.labels ?? {})
}
