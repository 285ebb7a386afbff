// What a rule does to requests on their way besides choosing a destination: faults, copies and CORS (istio.md 1.10-1.12), compiled.

import { parseDuration } from '../api/duration.ts'
import { GRPC_STATUSES } from '../api/istio-action-checks.ts'
import type { CorsPolicy, Fault as FaultRule, HttpRoute, StringMatch } from '../api/istio-virtual-service.ts'
import type { Destination } from '../api/istio-common.ts'
import type { ClusterId } from './decision.ts'
import type { Cors, Fault, Mirror, StringTest } from './route-table.ts'

const WHOLE = 1_000_000

/** Faults with a share above 0; a percentage that is not given is 0 (for a delay the old whole percent counts then). */
export function faultOf(rule: FaultRule | undefined): Fault | undefined {
  const delay = delayOf(rule?.delay)
  const abort = abortOf(rule?.abort)
  return delay === undefined && abort === undefined ? undefined : { delay, abort }
}

function delayOf(delay: FaultRule['delay']): Fault['delay'] {
  const millis = delay?.fixedDelay === undefined ? undefined : parseDuration(delay.fixedDelay)
  const millionths = delay?.percentage === undefined ? share(delay?.percent ?? 0) : share(delay.percentage.value ?? 0)
  return millis === undefined || millis <= 0 || millionths === 0 ? undefined : { millis, millionths }
}

function abortOf(abort: FaultRule['abort']): Fault['abort'] {
  const millionths = share(abort?.percentage?.value ?? 0)
  if (abort === undefined || millionths === 0) return undefined
  if (abort.grpcStatus !== undefined) {
    const grpc = GRPC_STATUSES.indexOf(abort.grpcStatus)
    return grpc < 0 ? undefined : { status: 200, grpc, millionths }
  }
  return abort.httpStatus === undefined ? undefined : { status: abort.httpStatus, grpc: undefined, millionths }
}

/** Percents as millionths, cut off as Istio does. */
function share(percent: number): number {
  return Math.min(WHOLE, Math.max(0, Math.floor(percent * 10_000)))
}

/** Where a rule's copies go; without a percentage all requests are copied, with 0 none. */
export function mirrorsOf(rule: HttpRoute, clusterOf: (to: Destination) => ClusterId): Mirror[] {
  const listed = (rule.mirrors ?? []).map(({ destination, percentage }) => ({
    to: destination,
    percent: percentage?.value ?? 100 * Number(percentage === undefined)
  }))
  const { mirror, mirrorPercentage } = rule
  const old = rule.mirrorPercent ?? rule.mirror_percent ?? 100
  const single = mirror === undefined ? [] : [{ to: mirror, percent: mirrorPercentage === undefined ? old : (mirrorPercentage.value ?? 0) }]
  return [...single, ...listed]
    .map(({ to, percent }): Mirror => ({ cluster: clusterOf(to), millionths: share(percent) }))
    .filter(({ millionths }) => millionths > 0)
}

/** The policy of a route that forwards. */
export function corsOf(policy: CorsPolicy | undefined): Cors | undefined {
  if (policy === undefined) return undefined
  const { allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials, unmatchedPreflights } = policy
  const old = (policy.allowOrigin ?? []).map((value): StringMatch => ({ exact: value }))
  const origins = (policy.allowOrigins ?? []).length === 0 ? old : (policy.allowOrigins ?? [])
  const seconds = maxAge === undefined ? undefined : parseDuration(maxAge)
  return {
    origins: origins.flatMap(originTest),
    allowMethods: joined(allowMethods),
    allowHeaders: joined(allowHeaders),
    exposeHeaders: joined(exposeHeaders),
    maxAge: seconds === undefined ? undefined : String(Math.floor(seconds / 1000)),
    allowCredentials: allowCredentials === true,
    forwardsUnmatched: unmatchedPreflights !== 'IGNORE'
  }
}

function joined(list: readonly string[] | undefined): string | undefined {
  return list === undefined || list.length === 0 ? undefined : list.join(',')
}

/** An exact `*` is any origin. */
function originTest({ exact, prefix, regex }: StringMatch): StringTest[] {
  if (exact !== undefined) return [exact === '*' ? { kind: 'present' } : { kind: 'exact', value: exact }]
  if (prefix !== undefined) return [{ kind: 'prefix', value: prefix }]
  return regex === undefined ? [] : [{ kind: 'regex', value: regex }]
}
