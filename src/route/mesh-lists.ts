// The objects that routing reads, in their lists, and what a change of one says to whatever keeps hosts and DestinationRules up to date.

import type { LiveHosts } from './live-hosts.ts'
import type { LiveRules } from './live-rules.ts'
import type { Listed, MeshList } from './mesh-inputs.ts'

/** An object of a list that came (no `before`), changed, or went (no `after`). */
export type MeshChange = { readonly [L in MeshList]: ChangeOf<L> }[MeshList]

/** A change of one list. */
export interface ChangeOf<L extends MeshList> {
  readonly list: L
  /** namespace/name. */
  readonly key: string
  readonly before: Listed<L> | undefined
  readonly after: Listed<L> | undefined
}

/** Owns the lists. */
export class MeshLists {
  readonly #lists = new Map<MeshList, Map<string, Listed<MeshList>>>()

  /** What differs now; undefined for the same object again, as objects must not change. */
  set<L extends MeshList>(list: L, key: string, after: Listed<L> | undefined): MeshChange | undefined {
    const all = this.#objects(list)
    const before = all.get(key)
    if (before === after) return undefined
    if (after === undefined) all.delete(key)
    else all.set(key, after)
    // The list says what kind both are of.
    return { list, key, before, after } as MeshChange
  }

  /** One object by namespace/name. */
  get<L extends MeshList>(list: L, key: string): Listed<L> | undefined {
    return this.#objects(list).get(key)
  }

  /** The objects of a list, in the order in which they came. */
  all<L extends MeshList>(list: L): Listed<L>[] {
    return [...this.#objects(list).values()]
  }

  #objects<L extends MeshList>(list: L): Map<string, Listed<L>> {
    // Only objects of the list are put there.
    const objects = this.#lists.get(list) as Map<string, Listed<L>> | undefined
    if (objects !== undefined) return objects
    const none = new Map<string, Listed<L>>()
    this.#lists.set(list, none)
    return none
  }
}

/** Tells hosts and DestinationRules of a change; what is of no list of theirs is nothing to them. */
export function changeDestinations({ hosts, rules }: { readonly hosts: LiveHosts; readonly rules: LiveRules }, change: MeshChange): void {
  switch (change.list) {
    case 'services':
      return hosts.setService(change.key, change.after)
    case 'serviceEntries':
      return hosts.setEntry(change.key, change.after)
    case 'endpointSlices':
      return hosts.setSlice(change.key, change.before, change.after)
    case 'workloadEntries':
      return hosts.setWorkloadEntry(change.key, change.before, change.after)
    case 'pods':
      return hosts.setPod(change.key, change.before, change.after)
    case 'destinationRules':
      return rules.set(change.key, change.before, change.after)
    case 'virtualServices':
    case 'gateways':
    case 'sidecars':
    case 'envoyFilters':
    case 'requestAuthentications':
    case 'nodes':
  }
}
