// What is wrong inside one object, without looking at others: what a rule cannot do (errors: its VirtualService keeps the last good
// entries) and what Serin accepts but does not act on yet (warnings, by field).

import { type Treatment, unactedFields } from '../api/acted-on.ts'
import { parseDuration } from '../api/duration.ts'
import type { DestinationRule } from '../api/istio-destination-rule.ts'
import type { Gateway } from '../api/istio-gateway.ts'
import type { ServiceEntry } from '../api/istio-service-entry.ts'
import type { HttpMatch, HttpRoute, HttpRouteDestination, StringMatch, VirtualService } from '../api/istio-virtual-service.ts'
import { ACTED_ON, GATEWAY_SERVER, SERVICE } from './acted-on.ts'
import { problem, referTo } from './catalogue.ts'
import type { ObjectProblem, Place, ProblemObject } from './catalogue.ts'
import { REDIRECT_CODES, regexProblem } from './compile-rule.ts'
import { istioHeaderProblem } from './format-check.ts'
import { parseFormat } from './format.ts'
import { FRAMING } from './header-edits.ts'
import { keyOf } from './mesh-config.ts'
import type { MeshService } from './mesh-config.ts'
import { OTHER_PROTOCOLS, declaredProtocol } from './registry.ts'

/** Problems of a VirtualService's own text. An error means that its rules cannot be compiled. */
export function checkVirtualService(virtualService: VirtualService): ObjectProblem[] {
  const object = referTo('VirtualService', virtualService)
  const { spec } = virtualService
  const problems = (spec.http ?? []).flatMap((rule, index) => checkRule(rule, { object, path: `spec.http[${index}]` }))
  if (spec.http === undefined && spec.tcp === undefined && spec.tls === undefined)
    problems.push(problem('no-rules', { object, path: 'spec' }))
  return [...problems, ...unappliedIn(object, ACTED_ON.VirtualService, spec)]
}

/** Every field of the spec that is not acted on. */
function unappliedIn(object: ProblemObject, treatment: Treatment, spec: unknown): ObjectProblem[] {
  return unactedFields(treatment, spec, 'spec').map(({ path, field }) => unapplied({ object, path }, field))
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
    ...checkOrigins(rule, below(place, 'corsPolicy')),
    ...checkRetryOn(rule.retries?.retryOn, below(place, 'retries.retryOn')),
    ...checkHeaders(rule.headers, below(place, 'headers')),
    ...(rule.route ?? []).flatMap(({ headers }, index) => checkHeaders(headers, below(place, `route[${index}].headers`)))
  ]
}

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
  return problems
}

function checkAction(rule: HttpRoute, place: Place): ObjectProblem[] {
  const conflict = conflictIn(rule)
  if (conflict !== undefined) return [problem('actions-conflict', place, conflict)]
  if (rule.redirect !== undefined) {
    const code = rule.redirect.redirectCode ?? 0
    return code === 0 || REDIRECT_CODES.includes(code) ? [] : [problem('bad-redirect-code', below(place, 'redirect.redirectCode'), [code])]
  }
  if (rule.directResponse !== undefined || rule.delegate !== undefined) return []
  const route = rule.route ?? []
  return route.length === 0 ? [problem('no-action', place)] : [...checkWeights(route, place), ...checkRewrite(rule, place)]
}

/** Two actions of which Istio allows one: it refuses the object. */
function conflictIn(rule: HttpRoute): [string, string] | undefined {
  const set = (name: keyof HttpRoute): boolean => rule[name] !== undefined && !(name === 'route' && rule.route?.length === 0)
  for (const [first, others] of CONFLICTS) {
    const other = set(first) ? others.find(set) : undefined
    if (other !== undefined) return [other, first]
  }
  return undefined
}

const CONFLICTS: readonly (readonly [keyof HttpRoute, readonly (keyof HttpRoute)[]])[] = [
  ['delegate', ['route', 'redirect']],
  ['redirect', ['route', 'fault', 'rewrite', 'directResponse']],
  ['directResponse', ['route', 'fault', 'rewrite']],
  ['mirror', ['mirrors']]
]

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

function checkOrigins({ corsPolicy }: HttpRoute, place: Place): ObjectProblem[] {
  return (corsPolicy?.allowOrigins ?? []).flatMap(({ regex }, index) => {
    const wrong = regex === undefined ? undefined : regexProblem(regex)
    return wrong === undefined ? [] : [problem('bad-regex', below(place, `allowOrigins[${index}].regex`), [regex ?? '', wrong])]
  })
}

function checkDurations(rule: HttpRoute, place: Place): ObjectProblem[] {
  const fields = [
    ['timeout', rule.timeout],
    ['retries.perTryTimeout', rule.retries?.perTryTimeout],
    ['retries.backoff', rule.retries?.backoff],
    ['fault.delay.fixedDelay', rule.fault?.delay?.fixedDelay],
    ['corsPolicy.maxAge', rule.corsPolicy?.maxAge]
  ] as const
  return fields.flatMap(([path, text]) =>
    text === undefined || parseDuration(text) !== undefined ? [] : [problem('bad-duration', below(place, path), [text])]
  )
}

const RETRY_CONDITIONS: readonly string[] = (
  '5xx gateway-error reset reset-before-request connect-failure retriable-4xx refused-stream retriable-status-codes retriable-headers ' +
  'envoy-ratelimited http3-post-connect-failure cancelled deadline-exceeded internal resource-exhausted unavailable'
).split(' ')

function checkRetryOn(text: string | undefined, place: Place): ObjectProblem[] {
  const words = text === undefined || text === '' ? [] : text.split(',')
  return words
    .filter((word) => !RETRY_CONDITIONS.includes(word) && !/^[1-5]\d\d$/.test(word))
    .map((word) => problem('bad-retry-on', place, [word, RETRY_CONDITIONS.join(', ')]))
}

function checkHeaders(headers: HttpRoute['headers'], place: Place): ObjectProblem[] {
  const problems: ObjectProblem[] = []
  for (const direction of ['request', 'response'] as const) {
    for (const kind of ['set', 'add'] as const) {
      for (const [name, value] of Object.entries(headers?.[direction]?.[kind] ?? {})) {
        problems.push(...checkHeader(name, value, below(place, `${direction}.${kind}["${name}"]`)))
      }
    }
  }
  return problems
}

/** Istio refuses a value by its signs; Envoy, which takes a table of routes whole or not at all, by the names of its commands. */
function checkHeader(name: string, value: string, place: Place): ObjectProblem[] {
  const istio = istioHeaderProblem(value)
  if (istio !== undefined) return [problem('bad-header-value', place, [value, istio])]
  const format = parseFormat(value)
  if ('problem' in format) return [problem('unknown-command', place, [value, format.problem])]
  return FRAMING.has(name.toLowerCase()) ? [unapplied(place, `a value for ${name}, which the proxy itself writes,`)] : []
}

/** What a DestinationRule says twice, and what of it is not acted on yet. */
export function checkDestinationRule(rule: DestinationRule): ObjectProblem[] {
  const object = referTo('DestinationRule', rule)
  const subsets = rule.spec.subsets ?? []
  const problems = unappliedIn(object, ACTED_ON.DestinationRule, rule.spec)
  for (const [index, { name }] of subsets.entries()) {
    const twice = subsets.findIndex((other) => other.name === name) < index
    if (twice) problems.push(problem('subset-twice', { object, path: `spec.subsets[${index}].name` }, [name]))
  }
  return problems
}

type Server = NonNullable<Gateway['spec']['servers']>[number]
const HTTP_PROTOCOLS = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTPS'])

/** True when a Gateway's server carries HTTP that can be routed: plain, or with TLS ended here. */
export function routesHttp(server: Server): boolean {
  return (
    HTTP_PROTOCOLS.has(server.port.protocol.toUpperCase()) &&
    (!isHttps(server) || !(server.tls?.mode ?? 'PASSTHROUGH').endsWith('PASSTHROUGH'))
  )
}

/** True when a Gateway's server ends TLS: its scope is for https, and it is not listened on yet. */
export function isHttps(server: Server): boolean {
  return server.port.protocol.toUpperCase() === 'HTTPS'
}

/** Servers of a Gateway that are not served yet, and fields of the others. */
export function checkGateway(gateway: Gateway): ObjectProblem[] {
  const object = referTo('Gateway', gateway)
  const servers = (gateway.spec.servers ?? []).flatMap((server, index) => {
    const place = { object, path: `spec.servers[${index}]` }
    const protocol = server.port.protocol.toUpperCase()
    return protocol === 'HTTP'
      ? unactedFields(GATEWAY_SERVER, server, place.path).map(({ path, field }) => unapplied({ object, path }, field))
      : [
          unapplied(
            place,
            isCarried(protocol)
              ? `HTTP/2 (protocol ${server.port.protocol}; HTTP/1.1 is served)`
              : `a server of protocol ${server.port.protocol}`
          )
        ]
  })
  return [...unappliedIn(object, ACTED_ON.Gateway, { ...gateway.spec, servers: [] }), ...servers]
}

/** Carried as HTTP/1.1, though more was asked for. */
function isCarried(protocol: string): boolean {
  return protocol !== 'HTTPS' && HTTP_PROTOCOLS.has(protocol)
}

/** What of a ServiceEntry is not acted on yet. */
export function checkServiceEntry(entry: ServiceEntry): ObjectProblem[] {
  const object = referTo('ServiceEntry', entry)
  const { spec } = entry
  const at = (path: string, field: string): ObjectProblem => unapplied({ object, path: `spec.${path}` }, field)
  return [
    ...(spec.resolution === undefined ? [at('resolution', 'resolution NONE, the default')] : []),
    ...(spec.addresses ?? []).flatMap((address, index) =>
      address.includes('/') ? [at(`addresses[${index}]`, 'a range of addresses')] : []
    ),
    ...(spec.ports ?? []).flatMap((port, index) => portNotes(port.protocol).map((note) => at(`ports[${index}].protocol`, note))),
    ...(spec.endpoints ?? []).flatMap(({ address }, index) =>
      address?.startsWith('unix:') === true ? [at(`endpoints[${index}].address`, 'a Unix socket')] : []
    ),
    ...unappliedIn(object, ACTED_ON.ServiceEntry, spec)
  ]
}

/** What of a Service is not acted on yet, and its ports that carry something else than HTTP/1.1. A headless one is called past the mesh. */
export function checkService(service: MeshService): ObjectProblem[] {
  const object = referTo('Service', service)
  // The API's own, which every cluster has.
  if (keyOf(service) === 'default/kubernetes') return []
  const fields = unappliedIn(object, SERVICE, service.spec)
  if (service.spec?.clusterIP === 'None') return fields
  const ports = (service.spec?.ports ?? []).flatMap((port, index) => {
    const protocol = port.protocol === undefined || port.protocol === 'TCP' ? declaredProtocol(port) : port.protocol
    return portNotes(protocol).map((note) => unapplied({ object, path: `spec.ports[${index}]` }, note))
  })
  return [...fields, ...ports]
}

function portNotes(protocol: string | undefined): string[] {
  const upper = (protocol ?? 'HTTP').toUpperCase()
  if (upper === 'HTTP2' || upper.endsWith('H2C') || upper.startsWith('GRPC')) return [`HTTP/2 (protocol ${protocol}; HTTP/1.1 is carried)`]
  return OTHER_PROTOCOLS.has(upper.toLowerCase()) ? [`protocol ${protocol}`] : []
}
