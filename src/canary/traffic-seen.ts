// What a Release tells of its service's traffic: from the state of its gate, which was kept for a controller that starts again.

import type { Gate } from '../gate/gate.ts'
import { restoredGate } from '../gate/saved.ts'
import { dig } from '../std/json.ts'
import { BASELINE } from './baseline-asked.ts'
import { optionName } from './gate-options.ts'
import { askedIn, gateSettingsFor, requestAsked } from './gate-request.ts'
import type { Plan } from './plan.ts'
import type { KnownTraffic } from './weak-checks.ts'

/**
 * Requests a second, and stable's failures, as the gate of a Release with this status saw them; undefined where it saw none, and beside a
 * baseline, where nobody counts what the primary serves.
 */
export function trafficSeen(status: unknown, plan: Plan): KnownTraffic | undefined {
  const saved = dig(status, 'gate')
  const asked = askedIn(status) ?? {}
  if (typeof saved !== 'string' || asked[optionName(BASELINE)] !== undefined) return undefined
  const request = requestAsked(asked)
  const gate = restoredGate(saved, (edges) => gateSettingsFor(request, plan, edges, edges))
  return gate === undefined ? undefined : trafficOf(gate)
}

function trafficOf({ settings, streams, histories, lookedAt, startedAt }: Gate): KnownTraffic | undefined {
  const errors = settings.streams.findIndex(({ bad }) => bad === 'failed')
  const [total, history] = [streams[errors]?.total, histories[errors]]
  if (total === undefined || history === undefined || lookedAt <= startedAt) return undefined
  return {
    rate: ((total.canaryRequests + total.stableRequests) * 1000) / (lookedAt - startedAt),
    history: { ...history, requests: history.requests + total.stableRequests, bad: history.bad + total.stableBad }
  }
}
