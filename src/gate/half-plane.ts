// The core bet of the gate: an exact e-value for one look at two versions, against all pairs of rates in a half-plane. Turner, Ly, Grünwald,
// "Generic E-variables for exact sequential k-sample tests" (JSPI 2024, arXiv 2106.02693): the ratio of an alternative to its KL projection
// on a convex set of nulls has an expectation of at most 1 under each null, for any block sizes, with no assumption about the base rate.

/** Requests and bad ones of both versions in one look: whole numbers, `bad <= requests`. */
export interface Look {
  readonly canaryRequests: number
  readonly canaryBad: number
  readonly stableRequests: number
  readonly stableBad: number
}

/** A look in which nothing was served. */
export const NO_LOOK: Look = { canaryRequests: 0, canaryBad: 0, stableRequests: 0, stableBad: 0 }

/** The edge of the null: the pairs with `canary = ratio * stable + margin` (rates in 0..1). */
export interface Edge {
  readonly ratio: number
  readonly margin: number
}

/** A pair of rates, 0..1. */
export interface Rates {
  readonly canary: number
  readonly stable: number
}

/** What one look is worth to one alternative, in nats. */
export interface Bet {
  /** The logarithm of the e-value. */
  readonly gain: number
  /** Its expectation if the alternative were true; depends on the numbers of requests alone. */
  readonly growth: number
  /** Its largest possible value at these numbers of requests. */
  readonly most: number
}

/** No bet: worth nothing under every hypothesis. */
export const NO_BET: Bet = { gain: 0, growth: 0, most: 0 }

/**
 * The bet on a pair that lies beyond the edge, against all pairs on the other side of it. No bet when a version had
 * no request, or when the pair lies on the edge itself.
 */
export function halfPlaneBet(look: Look, rates: Rates, edge: Edge): Bet {
  const { canaryRequests: nc, stableRequests: ns } = look
  const { canary, stable } = rates
  if (nc === 0 || ns === 0 || canary === edge.ratio * stable + edge.margin) return NO_BET
  const y = projectedStable(look, rates, edge)
  const x = edge.ratio * y + edge.margin
  const canaryBad = Math.log(canary / x)
  const canaryGood = Math.log1p((x - canary) / (1 - x))
  const stableBad = Math.log(stable / y)
  const stableGood = Math.log1p((y - stable) / (1 - y))
  const gain =
    look.canaryBad * canaryBad + (nc - look.canaryBad) * canaryGood + look.stableBad * stableBad + (ns - look.stableBad) * stableGood
  const growth = nc * (canary * canaryBad + (1 - canary) * canaryGood) + ns * (stable * stableBad + (1 - stable) * stableGood)
  return { gain, growth, most: nc * Math.max(canaryBad, canaryGood) + ns * Math.max(stableBad, stableGood) }
}

const LEAST = 1e-12
// Newton's error is squared by each step: after one so small it is below what a double can hold.
const NEAR = 1e-7
const MOST_STEPS = 60

/**
 * The stable rate of the point on `edge` that is nearest to the pair, distance being the sum of both KL divergences
 * weighted by requests. The derivative rises from below zero to above it between the two ends: Newton's steps, halved where they leave.
 */
export function projectedStable(
  { canaryRequests: nc, stableRequests: ns }: Look,
  { canary, stable }: Rates,
  { ratio, margin }: Edge
): number {
  const opposite = (canary - margin) / ratio
  let low = Math.max(LEAST, Math.min(stable, opposite), (LEAST - margin) / ratio)
  let high = Math.min(1 - LEAST, Math.max(stable, opposite), (1 - LEAST - margin) / ratio)
  const limit = ratio * stable + margin
  const pull = (nc * ratio * (limit - canary)) / (ns * limit * (1 - limit))
  // Two guesses that are never far. For an alternative on the good side: the root with the canary's part as it is at `stable`, of a quadratic
  // then. Beyond the edge: where all failures of the alternative would be expected on the edge too, exact when variances agree.
  const guess =
    canary < limit && limit < 1
      ? (2 * stable) / (1 + pull + Math.sqrt((1 + pull) ** 2 - 4 * pull * stable))
      : (nc * (canary - margin) + ns * stable) / (nc * ratio + ns)
  let y = inside(guess, low, high)
  for (let step = 0; step < MOST_STEPS; step++) {
    const x = ratio * y + margin
    const vx = x * (1 - x)
    const vy = y * (1 - y)
    const ex = x - canary
    const ey = y - stable
    const slope = (nc * ratio * ex) / vx + (ns * ey) / vy
    if (slope > 0) high = y
    else low = y
    const curve =
      (nc * ratio * ratio * (ex * ex + canary * (1 - canary))) / (vx * vx) + (ns * (ey * ey + stable * (1 - stable))) / (vy * vy)
    const next = y - slope / curve
    if (Math.abs(next - y) <= NEAR * y) return next
    y = inside(next, low, high)
  }
  return y
}

// A step that leaves the bracket halves it instead.
function inside(y: number, low: number, high: number): number {
  return y > low && y < high ? y : (low + high) / 2
}
