// What a Release tells of its service's traffic: from the state of its gate, which was kept for a controller that starts again.

import { restoredGate } from '../gate/saved.ts'
import { dig } from '../std/json.ts'
import { askedIn, gateSettingsFor, requestAsked } from './gate-request.ts'
import type { Plan } from './plan.ts'
import type { KnownTraffic } from './weak-checks.ts'

/** Requests a second, and stable's failures, as the gate of a Release with this status saw them; undefined where it saw none. */
export function trafficSeen(status: unknown, plan: Plan): KnownTraffic | undefined {
  const saved = dig(status, 'gate')
  if (typeof saved !== 'string') return undefined
  const request = requestAsked(askedIn(status) ?? {})
  const gate = restoredGate(saved, (edges) => gateSettingsFor(request, plan, edges, edges))
  const errors = gate?.settings.streams.findIndex(({ bad }) => bad === 'failed') ?? -1
  const [total, history] = [gate?.streams[errors]?.total, gate?.histories[errors]]
  if (gate === undefined || total === undefined || history === undefined || gate.lookedAt <= gate.startedAt) return undefined
  return {
    rate: ((total.canaryRequests + total.stableRequests) * 1000) / (gate.lookedAt - gate.startedAt),
    history: { ...history, requests: history.requests + total.stableRequests, bad: history.bad + total.stableBad }
  }
}
