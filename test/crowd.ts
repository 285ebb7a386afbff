// Many requests at once through a mesh, each on a connection of its own, and what becomes of them.

import { generate } from '../src/load/generate.ts'
import type { LoadAnswer } from '../src/load/generate.ts'
import { Tally } from './tally.ts'

/** How many ask for what. */
export interface CrowdPlan {
  readonly proxy: string
  readonly url: string
  readonly count: number
}

/** Requests under way. */
export interface Crowd {
  /** Resolves as soon as so many had this fate. Rejects when all is over before. */
  had(fate: string, least: number): Promise<void>
  /** How often each fate was had, when all is over. */
  readonly fates: Promise<Readonly<Record<string, number>>>
}

/** More than any body that tests look for. */
export const BODY_MAX = 1024
/** Nothing takes this long but what hangs; it is a fate then. */
export const HUNG = 30_000

/** Status and body, or `0 CODE` where there was no answer. */
export function fateOf(answer: LoadAnswer): string {
  return answer.kind === 'answered' ? `${answer.status} ${answer.body}` : `0 ${answer.error}`
}

/** All of them are on their way when this returns. */
export function crowd({ proxy, url, count }: CrowdPlan): Crowd {
  const tally = new Tally()
  const over = generate(
    { url, method: 'GET', headers: [], body: '', connections: count, rate: undefined, count, duration: HUNG, timeout: HUNG },
    {
      signal: new AbortController().signal,
      proxy,
      bodyMax: BODY_MAX,
      onAnswer: (answer) => tally.add(fateOf(answer))
    }
  )
  const had = async (fate: string, least: number): Promise<void> => {
    const never = over.then(() => {
      if (tally.of(fate) < least) throw new Error(`${least} times ${fate} were awaited, all is over with ${JSON.stringify(tally.all())}`)
    })
    await Promise.race([tally.reached(fate, least), never])
  }
  return { had, fates: over.then(() => tally.all()) }
}
