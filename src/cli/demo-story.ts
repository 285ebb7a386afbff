// The story of the demo, told through the API as a user would: two releases of the frontend, a good one and a bad one, each a change of its
// Deployment whose end is seen in its Canary. Judges what came of it; shows nothing.

import type { KubeClient } from '../kube/kube-client.ts'
import type { LoadReport } from '../load/generate.ts'
import type { Millis } from '../std/clock.ts'
import { RATE } from './demo-load.ts'
import { type GatewayCount, type Tally, total } from './demo-ledger.ts'
import { DEPLOYMENTS, FRONTEND, NAMESPACE, type Shop } from './demo-shop.ts'
import type { DemoSummary } from './demo-view.ts'

/** A version of the frontend and the share of requests it fails, 0 to 1. */
export interface Release {
  readonly version: string
  readonly errorRate: number
}

/** How a release ended, and how long after the change of the Deployment. */
export type Ending =
  | { readonly kind: 'promoted' | 'rolled back'; readonly after: Millis }
  | { readonly kind: 'unfinished'; readonly because: string }

export const GOOD: Release = { version: '1.1', errorRate: 0 }
export const BAD: Release = { version: '1.2', errorRate: 0.15 }

const ENDS: Readonly<Record<string, 'promoted' | 'rolled back'>> = { Succeeded: 'promoted', Failed: 'rolled back' }

/** Where a release takes place. */
export interface Stage {
  readonly shop: Shop
  readonly client: KubeClient
  readonly now: () => Millis
  readonly signal: AbortSignal
}

/** Changes the frontend's Deployment and waits until its Canary says how that ended, `limit` at most. */
export async function release({ shop, client, now, signal }: Stage, { version, errorRate }: Release, limit: Millis): Promise<Ending> {
  const before = shop.rollout().revision
  const container = { name: FRONTEND, image: `serin/demo:${version}`, env: [{ name: 'ERROR_RATE', value: String(errorRate) }] }
  const body = { spec: { template: { spec: { containers: [container] } } } }
  const begun = now()
  await client.patch({ ...DEPLOYMENTS, namespace: NAMESPACE, name: FRONTEND }, { kind: 'strategic', body }, { signal })
  const ending = (): 'promoted' | 'rolled back' | undefined => {
    const { phase, revision } = shop.rollout()
    return revision === before ? undefined : ENDS[phase]
  }
  await shop.until(() => ending() !== undefined, limit, signal)
  const kind = ending()
  if (kind !== undefined) return { kind, after: now() - begun }
  const { phase, message } = shop.rollout()
  return { kind: 'unfinished', because: `after ${limit / 1000} s it was ${phase}: ${message}` }
}

/** All that is known when the story is over. `bad` is undefined where the good release did not get there. */
export interface Facts {
  readonly good: Ending
  readonly bad: Ending | undefined
  /** What the gate said of the bad one, '' for nothing. */
  readonly sentence: string
  /** Who served everybody at the end. */
  readonly primary: { readonly version: string; readonly share: number }
  readonly tally: Tally
  readonly report: Pick<LoadReport, 'sent' | 'unsent'>
  /** What the gateways counted while the load ran. */
  readonly gateway: GatewayCount
}

/** The summary of the facts, with all that was not as it should be. */
export function summaryOf(facts: Facts): DemoSummary {
  const { good, bad, tally } = facts
  const failedByBadRelease = tally.failedBy.get(BAD.version) ?? 0
  return {
    promotedAfter: good.kind === 'promoted' ? good.after : undefined,
    rolledBackAfter: bad?.kind === 'rolled back' ? bad.after : undefined,
    sentence: bad?.kind === 'rolled back' ? facts.sentence : '',
    requests: tally.ended,
    failedByBadRelease,
    // Failures of the good versions have no excuse either.
    lost: total(tally.lost) + total(tally.failedBy) - failedByBadRelease,
    problems: [...problemsOfReleases(facts), ...problemsOfRequests(facts)]
  }
}

function problemsOfReleases({ good, bad, primary }: Facts): string[] {
  const said = (name: string, ending: Ending): string =>
    ending.kind === 'unfinished' ? `the ${name} release did not end: ${ending.because}` : `the ${name} release was ${ending.kind}`
  if (good.kind !== 'promoted') return [said('good', good)]
  if (bad?.kind !== 'rolled back') return bad === undefined ? [] : [said('bad', bad)]
  if (primary.version === GOOD.version && primary.share === 100) return []
  return [`at the end version ${primary.version} serves ${primary.share} % as the primary, not ${GOOD.version} all`]
}

function problemsOfRequests({ bad, tally, report, gateway }: Facts): string[] {
  const problems: string[] = []
  for (const [how, count] of tally.lost) problems.push(`${count} requests lost: ${how}`)
  for (const [version, count] of tally.failedBy) {
    if (version !== BAD.version) problems.push(`${count} requests failed by version ${version}, which should fail none`)
  }
  if (bad?.kind === 'rolled back' && !tally.failedBy.has(BAD.version)) problems.push('the bad release failed no request')
  // The load's and the mesh's own counts, each against the other; other users' requests may come on top in the mesh.
  const { answered } = tally
  const failures = total(tally.failedBy)
  if (tally.ended !== report.sent) problems.push(`${report.sent} requests were sent, but ${tally.ended} ended`)
  if (gateway.requests < answered) problems.push(`${answered} requests were answered, but the mesh counted ${gateway.requests}`)
  if (gateway.failed < failures) problems.push(`${failures} requests failed, but the mesh counted ${gateway.failed}`)
  if (report.unsent > RATE) problems.push(`${report.unsent} requests could not be sent: all connections were waiting for answers`)
  return problems
}
