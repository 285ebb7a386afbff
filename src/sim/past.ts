// What a simulated service did before a rollout: the history that a gate would have read.

import { type History, historyOf } from '../gate/history.ts'
import { counts, type Served } from '../gate/served.ts'
import { type GateSettings, USUAL_LOOK } from '../gate/settings.ts'
import type { Draw } from '../std/draw.ts'
import { type Disturbance, type Service, SimulatedService } from './service.ts'

/** Seconds between readings of counters. */
export const LOOK_SECONDS: number = USUAL_LOOK / 1000

const PAST_SECONDS = 3_600
const EVERYDAY: readonly Disturbance[] = ['storms', 'blips']

/** What stable served in the hour before, look by look: with storms and blips as they always come, without what befell it today. */
export function slicesFor(
  { service, disturbance }: { readonly service: Service; readonly disturbance: Disturbance },
  draw: Draw
): readonly Served[] {
  const simulated = new SimulatedService(service, draw, { disturbance: EVERYDAY.includes(disturbance) ? disturbance : 'calm' })
  const looks = PAST_SECONDS / LOOK_SECONDS
  return Array.from({ length: looks }, (_, look) => simulated.span(look * LOOK_SECONDS, (look + 1) * LOOK_SECONDS, 0).stable)
}

/** The same as the histories of these streams. */
export function historiesFor(
  { settings, ...known }: { readonly service: Service; readonly disturbance: Disturbance; readonly settings: GateSettings },
  draw: Draw
): readonly History[] {
  const slices = slicesFor(known, draw)
  return settings.streams.map(({ bad }) => historyOf(slices.map((each) => counts(each, bad, known.service.edges))))
}
