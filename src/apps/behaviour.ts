// How badly the demo application is told to behave: read from its environment and changed at run time.

import type { Millis } from '../std/clock.ts'

/** Share of requests that fail (0 to 1), with what status, and how long each takes before its answer. */
export interface Behaviour {
  readonly errorRate: number
  readonly errorStatus: number
  readonly latency: Millis
}

/** The longest latency that can be asked for. */
export const MAX_LATENCY: Millis = 600_000

/** Reads `{"errorRate","errorStatus","latencyMs"}`, absent fields keep `now`; a text says what is wrong. */
export function readBehaviour(body: unknown, now: Behaviour): Behaviour | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return 'the body must be a JSON object such as {"errorRate": 0.1, "latencyMs": 20}'
  const unknown = Object.keys(body).find((name) => name !== 'errorRate' && name !== 'errorStatus' && name !== 'latencyMs')
  if (unknown !== undefined) return `unknown field "${unknown}": use errorRate, errorStatus and latencyMs`
  // checked below
  const {
    errorRate = now.errorRate,
    errorStatus = now.errorStatus,
    latencyMs = now.latency
  } = body as { errorRate?: unknown; errorStatus?: unknown; latencyMs?: unknown }
  if (!isWithin(errorRate, 1)) return `errorRate must be a number from 0 to 1, not ${JSON.stringify(errorRate)}`
  if (!isWithin(latencyMs, MAX_LATENCY)) return `latencyMs must be a number from 0 to ${MAX_LATENCY}, not ${JSON.stringify(latencyMs)}`
  if (!isErrorStatus(errorStatus)) return `errorStatus must be a status from 400 to 599, not ${JSON.stringify(errorStatus)}`
  return { errorRate, errorStatus, latency: latencyMs }
}

function isWithin(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max
}

function isErrorStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599
}

const WELL: Behaviour = { errorRate: 0, errorStatus: 500, latency: 0 }

/** ERROR_RATE, ERROR_STATUS and LATENCY_MS; absent or empty means 0, and 500. */
export function behaviourFrom(env: Readonly<Record<string, string | undefined>>): Behaviour | string {
  const names = { errorRate: 'ERROR_RATE', errorStatus: 'ERROR_STATUS', latencyMs: 'LATENCY_MS' }
  const given = Object.entries(names).filter(([, name]) => (env[name] ?? '') !== '')
  return readBehaviour(Object.fromEntries(given.map(([field, name]) => [field, Number(env[name])])), WELL)
}
