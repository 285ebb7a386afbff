// What local rate limits count, under Envoy's names, and how they name clients.

import type { Counter, Counters } from '../metrics/counters.ts'
import type { LimitStat } from '../route/limit-filter.ts'

const NAMES: readonly LimitStat[] = ['enabled', 'enforced', 'ok', 'rate_limited']

/** Counts by prefix; the counters are the recorder's. */
export class LimitStats {
  readonly #counters: Counters
  readonly #byPrefix = new Map<string, Readonly<Record<LimitStat, Counter>>>()

  constructor(counters: Counters) {
    this.#counters = counters
  }

  /** Adds one; the other counters of the prefix are there from then on too. */
  count(prefix: string, stat: LimitStat): void {
    const known = this.#byPrefix.get(prefix)
    const counters = known ?? this.#make(prefix)
    if (known === undefined) this.#byPrefix.set(prefix, counters)
    counters[stat].value += 1
  }

  #make(prefix: string): Readonly<Record<LimitStat, Counter>> {
    const made = NAMES.map((name) => [name, this.#counters.of(`${prefix}.http_local_rate_limit.${name}`)] as const)
    // Every name of the type is in the list.
    return Object.fromEntries(made) as Record<LimitStat, Counter>
  }
}

/** The address in `address:port`, as descriptors have it. */
export function addressIn(remote: string): string {
  return remote.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '')
}
