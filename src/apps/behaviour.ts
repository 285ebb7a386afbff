// How badly the demo application is told to behave: read from its environment and changed at run time.

import type { Millis } from '../std/clock.ts'

/** Share of requests that fail (0 to 1) and how long each takes before its answer. */
export interface Behaviour {
  readonly errorRate: number
  readonly latency: Millis
}

/** The longest latency that can be asked for. */
export const MAX_LATENCY: Millis = 600_000

/** Reads `{"errorRate","latencyMs"}`, absent fields keep `now`; a text says what is wrong. */
export function readBehaviour(body: unknown, now: Behaviour): Behaviour | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return 'the body must be a JSON object such as {"errorRate": 0.1, "latencyMs": 20}'
  const unknown = Object.keys(body).find((name) => name !== 'errorRate' && name !== 'latencyMs')
  if (unknown !== undefined) return `unknown field "${unknown}": use errorRate and latencyMs`
  const { errorRate = now.errorRate, latencyMs = now.latency } = body as { errorRate?: unknown; latencyMs?: unknown } // checked below
  if (!isWithin(errorRate, 1)) return `errorRate must be a number from 0 to 1, not ${JSON.stringify(errorRate)}`
  if (!isWithin(latencyMs, MAX_LATENCY)) return `latencyMs must be a number from 0 to ${MAX_LATENCY}, not ${JSON.stringify(latencyMs)}`
  return { errorRate, latency: latencyMs }
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max
}

/** ERROR_RATE and LATENCY_MS; absent or empty means 0. */
export function behaviourFrom(env: Readonly<Record<string, string | undefined>>): Behaviour | string {
  const number = (text: string | undefined): number => (text === undefined || text === '' ? 0 : Number(text))
  return readBehaviour({ errorRate: number(env['ERROR_RATE']), latencyMs: number(env['LATENCY_MS']) }, { errorRate: 0, latency: 0 })
}
