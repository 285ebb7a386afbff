// Where requests to a host may come to, by all the rules in force: for who must know that before a request is sent.

import type { ClusterId } from './decision.ts'
import type { Cluster, HostEntry } from './route-table.ts'

/** The parts of a table that say it. */
export interface Rules {
  readonly entries: ReadonlyMap<string, HostEntry>
  readonly clusters: ReadonlyMap<ClusterId, Cluster>
}

/** Addresses of the endpoints of every destination that some route of the host has, whoever calls on whichever port; copies included. */
export function addressesBehind({ entries, clusters }: Rules, host: string): ReadonlySet<string> {
  const ids = new Set<ClusterId>()
  for (const entry of entries.values()) {
    if (entry.host !== host) continue
    for (const { action } of entry.routes) {
      if (action.kind === 'forward') for (const { cluster } of [...action.choices, ...action.mirrors]) ids.add(cluster)
    }
  }
  return new Set([...ids].flatMap((id) => clusters.get(id)?.endpoints.map(({ address }) => address) ?? []))
}
