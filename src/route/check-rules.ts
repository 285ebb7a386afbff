// What is wrong inside one object, without looking at others: what a rule cannot do (errors: its VirtualService keeps the last good
// entries) and what Serin accepts but does not act on yet (warnings, by field).

import { parseDuration } from '../api/duration.ts'
import type { DestinationRule } from '../api/istio-destination-rule.ts'
import type { Gateway } from '../api/istio-gateway.ts'
import type { TrafficPolicy } from '../api/istio-traffic-policy.ts'
import type { HttpMatch, HttpRoute, HttpRouteDestination, StringMatch, VirtualService } from '../api/istio-virtual-service.ts'
import { problem, referTo } from './catalogue.ts'
import type { ObjectProblem, Place, ProblemObject } from './catalogue.ts'
import { REDIRECT_CODES, regexProblem } from './compile-rule.ts'
import { hasCommand } from './header-edits.ts'

/** Problems of a VirtualService's own text. An error means that its rules cannot be compiled. */
export function checkVirtualService(virtualService: VirtualService): ObjectProblem[] {
  const object = referTo('VirtualService', virtualService)
  const { spec } = virtualService
  const problems = (spec.http ?? []).flatMap((rule, index) => checkRule(rule, { object, path: `spec.http[${index}]` }))
  if (spec.tcp !== undefined && spec.tcp.length > 0) problems.push(unapplied({ object, path: 'spec.tcp' }, 'tcp'))
  if (spec.tls !== undefined && spec.tls.length > 0) problems.push(unapplied({ object, path: 'spec.tls' }, 'tls'))
  return problems
}

function unapplied(place: Place, field: string): ObjectProblem {
  return problem('not-applied-yet', place, [field])
}

function below(place: Place, path: string): Place {
  return { object: place.object, path: `${place.path}.${path}` }
}

function checkRule(rule: HttpRoute, place: Place): ObjectProblem[] {
  return [
    ...(rule.match ?? []).flatMap((match, index) => checkMatch(match, below(place, `match[${index}]`))),
    ...checkAction(rule, place),
    ...checkDurations(rule, place),
    ...checkHeaders(rule.headers, below(place, 'headers')),
    ...(rule.route ?? []).flatMap(({ headers }, index) => checkHeaders(headers, below(place, `route[${index}].headers`))),
    ...LATER_FIELDS.filter((field) => rule[field] !== undefined).map((field) => unapplied(below(place, field), field)),
    ...(rule.retries?.retryRemoteLocalities === true
      ? [unapplied(below(place, 'retries.retryRemoteLocalities'), 'retryRemoteLocalities')]
      : [])
  ]
}

const LATER_FIELDS = [
  'delegate',
  'fault',
  'mirror',
  'mirrors',
  'mirrorPercent',
  'mirrorPercentage',
  'mirror_percent',
  'corsPolicy'
] as const satisfies readonly (keyof HttpRoute)[]

function checkMatch(match: HttpMatch, place: Place): ObjectProblem[] {
  const problems: ObjectProblem[] = []
  const look = (value: StringMatch | null | undefined, path: string): void => {
    if (value?.regex === undefined || value.regex === '*') return
    const wrong = regexProblem(value.regex)
    if (wrong !== undefined) problems.push(problem('bad-regex', below(place, `${path}.regex`), [value.regex, wrong]))
  }
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) look(match[field], field)
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, value] of Object.entries(match[field] ?? {})) {
      if (name.startsWith('@')) problems.push(unapplied(below(place, `${field}["${name}"]`), 'matching on token claims'))
      else look(value, `${field}["${name}"]`)
    }
  }
  if (match.statPrefix !== undefined && match.statPrefix !== '') problems.push(unapplied(below(place, 'statPrefix'), 'statPrefix'))
  return problems
}

function checkAction(rule: HttpRoute, place: Place): ObjectProblem[] {
  if (rule.redirect !== undefined) {
    const code = rule.redirect.redirectCode ?? 0
    return code === 0 || REDIRECT_CODES.includes(code) ? [] : [problem('bad-redirect-code', below(place, 'redirect.redirectCode'), [code])]
  }
  if (rule.directResponse !== undefined || rule.delegate !== undefined) return []
  const route = rule.route ?? []
  return route.length === 0 ? [problem('no-action', place)] : [...checkWeights(route, place), ...checkRewrite(rule, place)]
}

function checkWeights(route: readonly HttpRouteDestination[], place: Place): ObjectProblem[] {
  const problems = route.flatMap(({ weight }, index) =>
    weight !== undefined && weight < 0 ? [problem('weight-negative', below(place, `route[${index}].weight`), [weight])] : []
  )
  const total = route.reduce((sum, { weight }) => sum + (weight ?? 0), 0)
  if (route.length > 1 && total === 0) problems.push(problem('weights-zero', below(place, 'route')))
  return problems
}

function checkRewrite(rule: HttpRoute, place: Place): ObjectProblem[] {
  const match = rule.rewrite?.uriRegexRewrite?.match
  const wrong = match === undefined ? undefined : regexProblem(match)
  return wrong === undefined ? [] : [problem('bad-regex', below(place, 'rewrite.uriRegexRewrite.match'), [match ?? '', wrong])]
}

function checkDurations(rule: HttpRoute, place: Place): ObjectProblem[] {
  const fields = [
    ['timeout', rule.timeout],
    ['retries.perTryTimeout', rule.retries?.perTryTimeout],
    ['retries.backoff', rule.retries?.backoff]
  ] as const
  return fields.flatMap(([path, text]) =>
    text === undefined || parseDuration(text) !== undefined ? [] : [problem('bad-duration', below(place, path), [text])]
  )
}

function checkHeaders(headers: HttpRoute['headers'], place: Place): ObjectProblem[] {
  const problems: ObjectProblem[] = []
  for (const direction of ['request', 'response'] as const) {
    for (const kind of ['set', 'add'] as const) {
      for (const [name, value] of Object.entries(headers?.[direction]?.[kind] ?? {})) {
        if (hasCommand(value)) problems.push(unapplied(below(place, `${direction}.${kind}["${name}"]`), `the command in "${value}"`))
      }
    }
  }
  return problems
}

/** Fields of a DestinationRule that are not acted on yet. */
export function checkDestinationRule(rule: DestinationRule): ObjectProblem[] {
  const object = referTo('DestinationRule', rule)
  const problems = checkPolicy(rule.spec.trafficPolicy, { object, path: 'spec.trafficPolicy' })
  for (const [index, subset] of (rule.spec.subsets ?? []).entries()) {
    problems.push(...checkPolicy(subset.trafficPolicy, { object, path: `spec.subsets[${index}].trafficPolicy` }))
    const twice = (rule.spec.subsets ?? []).findIndex(({ name }) => name === subset.name) < index
    if (twice) problems.push(problem('subset-twice', { object, path: `spec.subsets[${index}].name` }, [subset.name]))
  }
  if (rule.spec.workloadSelector !== undefined)
    problems.push(unapplied({ object, path: 'spec.workloadSelector' }, 'a rule with workloadSelector'))
  return problems
}

function checkPolicy(policy: TrafficPolicy | undefined, place: Place): ObjectProblem[] {
  if (policy === undefined) return []
  const problems = checkBlocks(policy, place)
  for (const [index, entry] of (policy.portLevelSettings ?? []).entries()) {
    problems.push(...checkBlocks(entry, below(place, `portLevelSettings[${index}]`)))
  }
  for (const field of ['tunnel', 'proxyProtocol', 'retryBudget'] as const) {
    if (policy[field] !== undefined) problems.push(unapplied(below(place, field), field))
  }
  return problems
}

function checkBlocks(
  policy: Pick<TrafficPolicy, 'connectionPool' | 'loadBalancer' | 'outlierDetection' | 'tls'>,
  place: Place
): ObjectProblem[] {
  const { connectionPool: pool, loadBalancer, outlierDetection, tls } = policy
  const present: readonly (readonly [string, boolean])[] = [
    ['outlierDetection', outlierDetection !== undefined],
    ['tls', tls !== undefined && tls.mode !== undefined && tls.mode !== 'DISABLE'],
    ['loadBalancer.consistentHash', loadBalancer?.consistentHash !== undefined],
    ['loadBalancer.warmup', loadBalancer?.warmup !== undefined],
    ['loadBalancer.warmupDurationSecs', loadBalancer?.warmupDurationSecs !== undefined],
    ['loadBalancer.localityLbSetting', loadBalancer?.localityLbSetting !== undefined],
    ['loadBalancer.simple', loadBalancer?.simple === 'PASSTHROUGH'],
    ...poolFields(pool)
  ]
  return present.filter(([, set]) => set).map(([field]) => unapplied(below(place, field), field.slice(field.lastIndexOf('.') + 1)))
}

function poolFields(pool: TrafficPolicy['connectionPool']): (readonly [string, boolean])[] {
  const tcp = pool?.tcp
  const http = pool?.http
  return [
    ['connectionPool.tcp.tcpKeepalive', tcp?.tcpKeepalive !== undefined],
    ['connectionPool.tcp.maxConnectionDuration', tcp?.maxConnectionDuration !== undefined],
    ['connectionPool.http.h2UpgradePolicy', http?.h2UpgradePolicy === 'UPGRADE'],
    ['connectionPool.http.useClientProtocol', http?.useClientProtocol === true],
    ['connectionPool.http.maxConcurrentStreams', http?.maxConcurrentStreams !== undefined]
  ]
}

const HTTP_PROTOCOLS = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTPS'])

/** True when a Gateway's server carries HTTP that can be routed: plain, or with TLS ended here. */
export function routesHttp(server: NonNullable<Gateway['spec']['servers']>[number]): boolean {
  const protocol = server.port.protocol.toUpperCase()
  const mode = server.tls?.mode ?? 'PASSTHROUGH'
  return HTTP_PROTOCOLS.has(protocol) && (protocol !== 'HTTPS' || !mode.endsWith('PASSTHROUGH'))
}

/** Servers of a Gateway that are not served yet. */
export function checkGateway(gateway: Gateway): ObjectProblem[] {
  const object: ProblemObject = referTo('Gateway', gateway)
  return (gateway.spec.servers ?? []).flatMap((server, index) => {
    const path = `spec.servers[${index}]`
    if (!routesHttp(server)) return [unapplied({ object, path }, `a server of protocol ${server.port.protocol} that does not end TLS here`)]
    return server.bind === undefined || server.bind === '' ? [] : [unapplied({ object, path: `${path}.bind` }, 'bind')]
  })
}
