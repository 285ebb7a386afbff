// Checks that cannot do what they are for: thresholds within the noise of a good canary, a p99 of too few requests, a query that counts both
// versions, a proof that this traffic never gives. For lint (what needs no traffic), status and rehearsals (with the traffic that there is).

import type { KubeObject } from '../api/object.ts'
import { sidesOf, timeToProof } from '../gate/forecast.ts'
import { atStep, newGate } from '../gate/gate.ts'
import type { History } from '../gate/history.ts'
import { gateSettings, settingsFor, USUAL_LOOK } from '../gate/settings.ts'
import { moreThan } from '../gate/poisson.ts'
import { dig, listAt } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'
import { renderQuery } from '../template/template.ts'
import { type GateRequest, stableShareOf } from './gate-request.ts'
import { type MetricCheck, modelOf } from './metric-checks.ts'
import { autoLadder, DEFAULT_START, MOST_START, startWeight } from './pace.ts'
import type { Plan } from './plan.ts'
import { reachOf } from './query-reach.ts'

/** What a check, or the gate, will not see: where in the Canary, and what to do. */
export interface WeakCheck {
  readonly path: string
  readonly text: string
}

/** What is known of a service: requests a second to both versions together, and what stable did before in the stream of failures. */
export interface KnownTraffic {
  readonly rate: number
  readonly history: History
}

/** A Canary, and the queries of the MetricTemplates that it names, by `namespace/name`, as far as they are known. */
export interface Checked {
  readonly canary: KubeObject
  readonly plan: Plan
  readonly templates?: ReadonlyMap<string, string>
  /** What is asked of the gate; undefined where it has no say. */
  readonly request?: GateRequest | undefined
}

const FEW_REQUESTS = 100
const NOISE = 3

/** What can be said of the Canary; `traffic` undefined: what can be said without knowing any. */
export function weakChecksOf(checked: Checked, traffic?: KnownTraffic): readonly WeakCheck[] {
  const { plan } = checked
  if (plan.strategy.kind !== 'weighted' || plan.provider !== 'istio' || plan.skipAnalysis) return []
  const [first = 100] = ladderOf(checked, traffic)
  const ofChecks = plan.metrics.flatMap((check) => {
    const texts = [...diluted(check, checked, first, traffic), ...(traffic === undefined ? [] : noisy(check, first, traffic))]
    return texts.map((text) => ({ path: pathOf(check, checked.canary), text }))
  })
  return [...ofChecks, ...(traffic === undefined ? [] : unprovable(checked, traffic))]
}

/** The weights of one that begins as low as the traffic allows, with this traffic; without any, of the least, which begins highest. */
export function ladderOf(
  { plan: { strategy, baseline }, request }: Pick<Checked, 'plan' | 'request'>,
  traffic: Pick<KnownTraffic, 'rate'> | undefined
): readonly number[] {
  if (strategy.kind !== 'weighted') return []
  if (strategy.auto !== true) return strategy.ladder
  // Nobody measures the traffic beside a baseline.
  if (baseline.kind !== 'primary') return autoLadder(DEFAULT_START)
  return autoLadder(traffic === undefined ? MOST_START : startWeight(traffic.rate, lookOf(request), gateSettings().pushDelay))
}

function lookOf(request: GateRequest | undefined): Millis {
  return request?.look ?? USUAL_LOOK
}

function pathOf({ name }: MetricCheck, canary: KubeObject): string {
  const index = listAt(canary['spec'], 'analysis', 'metrics').findIndex((metric) => dig(metric, 'name') === name)
  return index < 0 ? 'spec.analysis.metrics' : `spec.analysis.metrics[${index}]`
}

function diluted(check: MetricCheck, { plan, templates }: Checked, weight: number, traffic: KnownTraffic | undefined): readonly string[] {
  const source = sourceOf(check, templates)
  if (source === undefined) return []
  const { name, namespace, target, apex, ingress, route } = plan
  const rendered = renderQuery(source, modelOf(check, { name, namespace, target, service: apex, ingress, route }))
  if (rendered.kind === 'wrong' || reachOf(rendered.query, plan) !== 'both') return []
  const unseen = unseenShare(check, rendered.query, weight, traffic)
  const blind =
    unseen === undefined
      ? `only ${percent(weight / 100)} of what it counts is the canary`
      : `it passes while up to ${percent(unseen)} of the canary's requests fail`
  const isAtMost =
    traffic === undefined && plan.strategy.kind === 'weighted' && plan.strategy.auto === true && plan.baseline.kind === 'primary'
  const where = isAtMost ? `${weight} %, the most that it begins with,` : `${weight} %`
  return [`counts both versions: at ${where} ${blind}; select the canary alone, such as by destination_workload="${target}"`]
}

function sourceOf(check: MetricCheck, templates: Checked['templates']): string | undefined {
  switch (check.kind) {
    case 'builtin':
      return undefined
    case 'query':
      return check.query
    case 'template':
      return templates?.get(`${check.template.namespace}/${check.template.name}`)
  }
}

// gate.md 5: the check sees w·p_c + (1-w)·p_s.
function unseenShare({ min, max }: MetricCheck, query: string, weight: number, traffic: KnownTraffic | undefined): number | undefined {
  const allowed = allowedShare(min, max, query)
  if (allowed === undefined) return undefined
  const share = weight / 100
  return Math.min(1, Math.max(0, (allowed - (1 - share) * (traffic === undefined ? 0 : baseOf(traffic))) / share))
}

// What share of failures a bound allows, where it is one of a share or of percents of requests by their codes.
function allowedShare(min: number | undefined, max: number | undefined, query: string): number | undefined {
  if (!query.includes('response_code')) return undefined
  const whole = /\b100\b/.test(query) ? 100 : 1
  if (min !== undefined && min > whole / 2 && min <= whole) return 1 - min / whole
  return max !== undefined && max > 0 && max < whole / 2 ? max / whole : undefined
}

function noisy(check: MetricCheck, weight: number, traffic: KnownTraffic): readonly string[] {
  if (check.kind !== 'builtin') return []
  const requests = (traffic.rate * weight * check.interval) / 100_000
  const window = `${weight} % of ${count(traffic.rate)} requests a second for ${check.window}`
  if (check.metric === 'request-duration') {
    if (requests >= FEW_REQUESTS || check.max === undefined) return []
    return [`is a p99 of about ${count(requests)} requests (${window}): with fewer than ${FEW_REQUESTS} it is the slowest of them`]
  }
  const base = baseOf(traffic)
  const allowed = check.min === undefined ? 1 : 1 - check.min / 100
  if (base === 0 || allowed - base >= NOISE * Math.sqrt((base * (1 - base)) / Math.max(requests, 1e-9))) return []
  const missed = moreThan(requests * allowed, requests * base)
  if (missed < LEAST_MISSED) return []
  return [
    `its bound of ${check.min} % is within ${NOISE} standard errors of what stable does (${percent(1 - base)} of about ${count(requests)} requests, ${window}): a canary as good as stable misses it in ${oneIn(missed)} looks`
  ]
}

// Less often than once in a hundred thousand looks nobody will see it.
const LEAST_MISSED = 1e-5
// Points of the smallest difference that matters, of which the first that can be proven is recommended.
const DIFFERENCES = [0.5, 1, 2, 3, 5, 10, 20, 50]

// With the pace of the clock nothing waits for proofs.
function unprovable(checked: Checked, traffic: KnownTraffic): readonly WeakCheck[] {
  const { plan, request } = checked
  if (request === undefined || plan.pace !== 'evidence') return []
  const ladder = ladderOf(checked, traffic)
  const asked = request.errors.smallest
  const proof = (smallest: number): ReturnType<typeof slowestProof> =>
    slowestProof(plan, ladder, { ...request, errors: { ...request.errors, smallest } }, traffic)
  const slow = proof(asked)
  if (slow.time <= slow.longest) return []
  const enough = DIFFERENCES.find((points) => points / 100 > asked && proof(points / 100).time <= slow.longest)
  const advice = enough === undefined ? 'no difference can' : `choose serin.dev/smallest-difference: ${enough}pt or more`
  return [
    {
      path: 'metadata.annotations',
      text: `a difference of ${points(asked)} points cannot be proven within ${slow.longest / 60_000} min at ${slow.weight} % of ${count(traffic.rate)} requests a second (${timeText(slow.time)}); ${advice}`
    }
  ]
}

function slowestProof(
  plan: Plan,
  ladder: readonly number[],
  request: GateRequest,
  { rate, history }: KnownTraffic
): { readonly time: Millis; readonly weight: number; readonly longest: Millis } {
  const look = lookOf(request)
  const stableShare = stableShareOf(plan)
  const settings = gateSettings([request.errors], { ...settingsFor(look), ...request.changed, stableShare })
  // What a workload of somebody's own gets nobody knows here: at best it is no less than the primary would get.
  const known = stableShare === 'its own' ? 'rest' : stableShare
  const fresh = newGate(settings, ladder.length === 0 ? [100] : ladder, 0, [history])
  const times = ladder.map((weight, step) => {
    return { weight, time: timeToProof(atStep(fresh, step, 0), sidesOf(rate, weight / 100, known), look) }
  })
  const slowest = times.toSorted((one, other) => other.time - one.time)[0] ?? { weight: 100, time: 0 }
  return { ...slowest, longest: settings.maxStep }
}

function baseOf({ history }: KnownTraffic): number {
  return history.requests === 0 ? 0 : history.bad / history.requests
}

function oneIn(chance: number): string {
  return chance > 0.5 ? `${percent(chance)} of` : `about 1 of ${count(1 / chance)}`
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(share > 0.9 ? 4 : 2))} %`
}

function points(share: number): string {
  return String(Number((100 * share).toPrecision(2)))
}

function count(value: number): string {
  return (value < 10 ? Number(value.toPrecision(2)) : Math.round(value)).toLocaleString('en-US')
}

function timeText(time: Millis): string {
  return Number.isFinite(time) ? `it takes about ${Math.round(time / 60_000)} min` : 'without traffic there is none'
}
