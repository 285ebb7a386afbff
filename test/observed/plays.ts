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

/** Tries that reached an endpoint's address. */
export function triesOf({ arrivals, refused }: Played): number {
  return arrivals.filter(({ copy }) => !copy).length + refused.length
}

/** How often each key occurs. */
export function count(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}
