// Questions to a played entry that both kinds of comparison ask.

import type { Answer } from './caller.ts'
import { ANSWERED } from './echo.ts'
import type { Arrival } from './echo.ts'
import type { Played } from './world.ts'

/** The arrival that an answer came from; undefined: the proxy answered by itself. */
export function answeredBy({ arrivals }: Pick<Played, 'arrivals'>, { headers }: Answer): Arrival | undefined {
  const order = headers.find(([name]) => name === ANSWERED)?.[1]
  return order === undefined ? undefined : arrivals.find((arrival) => arrival.order === Number(order))
}

/** Tries that reached an endpoint's address; a refused copy is none. */
export function triesOf({ arrivals, refused }: Played): number {
  const tries = arrivals.filter(({ copy }) => !copy)
  const chosen = new Set(tries.map(({ cluster }) => cluster))
  return tries.length + refused.filter(({ cluster }) => chosen.size === 0 || chosen.has(cluster)).length
}

/** How often each key occurs. */
export function count(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}
