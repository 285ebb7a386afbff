// Which endpoint of a cluster takes the next request: round robin, least request, random (envoy.md 4.1-4.3). The cluster's cursor,
// schedule and the slots' positions are changed here and nowhere else; `active` is the proxy's to count.

import type { Draw } from '../std/draw.ts'
import type { ClusterState, EndpointSlot } from './router.ts'

/** How often a retry picks again to avoid an endpoint that was already tried; then it takes what came last. */
const REPICKS = 5

/** The next endpoint, undefined when the cluster has none (503 UH). `tried` are the slots that earlier tries of this request used. */
export function chooseEndpoint(cluster: ClusterState, draw: Draw, tried: readonly EndpointSlot[] = []): EndpointSlot | undefined {
  let slot = pick(cluster, draw)
  for (let again = 0; again < REPICKS && slot !== undefined && tried.includes(slot); again += 1) slot = pick(cluster, draw)
  return slot
}

function pick(state: ClusterState, draw: Draw): EndpointSlot | undefined {
  const { slots } = state
  if (slots.length < 2) return slots[0]
  switch (state.cluster.balance) {
    case 'random':
      return slots[Math.floor(draw() * slots.length)]
    case 'round-robin':
      return state.weighted ? scheduled(state) : rotate(state, draw)
    case 'least-request':
      return state.weighted ? scheduled(state) : lessBusy(state, draw)
  }
}

function rotate(state: ClusterState, draw: Draw): EndpointSlot | undefined {
  const { slots } = state
  state.cursor = (state.cursor < 0 ? Math.floor(draw() * slots.length) : state.cursor + 1) % slots.length
  return slots[state.cursor]
}

/** Two draws with replacement; the second wins only with strictly fewer requests. */
function lessBusy({ slots }: ClusterState, draw: Draw): EndpointSlot | undefined {
  const first = slots[Math.floor(draw() * slots.length)]
  const second = slots[Math.floor(draw() * slots.length)]
  return second !== undefined && first !== undefined && second.active < first.active ? second : first
}

/** Earliest deadline first, ties by insertion; least request divides the weight by the requests in flight when it re-inserts. */
function scheduled(state: ClusterState): EndpointSlot | undefined {
  let next = state.slots[0]
  for (const slot of state.slots) if (next !== undefined && before(slot, next)) next = slot
  if (next === undefined) return undefined
  const busy = state.cluster.balance === 'least-request' ? next.active + 1 : 1
  state.now = next.deadline
  next.deadline = state.now + busy / next.endpoint.weight
  next.turn = state.turns
  state.turns += 1
  return next
}

function before(a: EndpointSlot, b: EndpointSlot): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.turn < b.turn)
}
