// The Releases of a Canary as facts: which of them is on its way, what its checks said last, and what became of those before it.

import type { KubeObject } from '../api/object.ts'
import type { Release, ReleaseStatus } from '../api/serin-kinds.ts'
import { type Asked, askedIn } from '../canary/gate-request.ts'
import { planOf } from '../canary/plan.ts'
import { trafficSeen } from '../canary/traffic-seen.ts'
import type { KnownTraffic } from '../canary/weak-checks.ts'
import { dig, isObject } from '../std/json.ts'

type Check = NonNullable<ReleaseStatus['checks']>[number]

/** What a check said last, and how often in a row; `cause`: why nobody knows. */
export interface CheckFacts {
  readonly check: string
  readonly outcome: string
  readonly cause: 'no-data' | 'down' | null
  readonly because: string | null
  readonly count: number
}

/** A revision of a Canary and what became of it; `-o json` prints it as it is. */
export interface ReleaseFacts {
  readonly name: string
  readonly outcome: string
  readonly revision: string
  readonly images: readonly string[]
  readonly attempts: number
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly because: string | null
  /** What the gate says of it. */
  readonly evidence: string | null
  /** What it cost. */
  readonly exposure: ReleaseStatus['exposure'] | null
  /** What the gate said in the course of it, as the Release has it. */
  readonly chart: string | null
  /** What is to be gone through. */
  readonly stages: readonly string[]
  /** What was asked of it, and by whom as he says himself. */
  readonly requests: NonNullable<ReleaseStatus['requests']>
  /** What each check said last, and how often in a row. */
  readonly checks: readonly CheckFacts[]
}

/** The Releases of a Canary among objects of a list, oldest first. */
export function releasesOf(canary: KubeObject, objects: readonly KubeObject[]): readonly ReleaseFacts[] {
  return ownReleases(canary, objects).map(factsOfRelease)
}

/** What the gate of a Release saw of the service, and by what it judged. */
export interface Seen {
  readonly traffic: KnownTraffic
  /** undefined where the Release does not say. */
  readonly asked: Asked | undefined
}

/** What the latest of a Canary's Releases says whose gate saw traffic; undefined where none did. */
export function seenIn(canary: KubeObject, objects: readonly KubeObject[]): Seen | undefined {
  const plan = planOf(canary)
  for (const { status } of ownReleases(canary, objects).toReversed()) {
    const traffic = trafficSeen(status, plan)
    if (traffic !== undefined) return { traffic, asked: askedIn(status) }
  }
  return undefined
}

function ownReleases(canary: KubeObject, objects: readonly KubeObject[]): readonly Release[] {
  const { name, uid } = canary.metadata
  return objects
    .filter(isRelease)
    .filter(({ spec, metadata }) => spec.canary === name && (metadata.ownerReferences ?? []).some((owner) => owner.uid === uid))
    .toSorted((one, other) => (before(one.status, other.status) ? -1 : 1))
}

/** The one that was under way last: what runs, else what ended last. */
export function latestOf(releases: readonly ReleaseFacts[]): ReleaseFacts | null {
  return releases.findLast(({ outcome }) => outcome === 'running') ?? releases.at(-1) ?? null
}

// By their ends: an old revision may be taken up again. What runs has none and is the last.
function before(one: ReleaseStatus, other: ReleaseStatus): boolean {
  const at = ({ outcome = 'running', startedAt, endedAt }: ReleaseStatus): string =>
    outcome === 'running' ? '9' : (endedAt ?? startedAt ?? '')
  return at(one) < at(other)
}

// Another's kind may have this name on a cluster; one without a revision is none of ours.
function isRelease(object: KubeObject): object is Release {
  return typeof dig(object, 'spec', 'revision') === 'string' && isObject(object['status'])
}

function factsOfRelease({ metadata, spec, status }: Release): ReleaseFacts {
  const { outcome = 'running', attempts = 1, startedAt = null, endedAt = null, because = null, checks = [], requests = [] } = status
  return {
    name: metadata.name ?? '',
    outcome,
    revision: spec.revision,
    images: spec.images ?? [],
    attempts,
    startedAt,
    endedAt: outcome === 'running' ? null : endedAt,
    because,
    ...saidByGate(status),
    stages: spec.stages ?? [],
    requests,
    checks: latestChecks(checks).map(factsOfCheck)
  }
}

function saidByGate(status: ReleaseStatus): Pick<ReleaseFacts, 'evidence' | 'exposure' | 'chart'> {
  return { evidence: status.evidence ?? null, exposure: status.exposure ?? null, chart: status.chart ?? null }
}

function factsOfCheck({ check, outcome, cause, because, count }: Check): CheckFacts {
  return { check, outcome, cause: cause ?? null, because: because ?? null, count: count ?? 1 }
}

// In the order in which they were first asked.
function latestChecks(checks: readonly Check[]): readonly Check[] {
  const last = new Map<string, Check>()
  for (const check of checks) last.set(check.check, check)
  return [...last.values()]
}
