// What is wrong inside one object, without looking at others: what Istio refuses and what no rule can do (errors: its VirtualService keeps
// the last good entries), what Istio warns of, and what Serin accepts but does not act on yet (warnings, by field).

import { type Treatment, unactedFields } from '../api/acted-on.ts'
import type { DestinationRule } from '../api/istio-destination-rule.ts'
import type { Gateway } from '../api/istio-gateway.ts'
import type { ServiceEntry } from '../api/istio-service-entry.ts'
import { valueProblem } from '../api/istio-header-value.ts'
import { isClaim } from '../api/istio-match-checks.ts'
import { validateIstio } from '../api/istio-validate.ts'
import type { HttpMatch, HttpRoute, VirtualService } from '../api/istio-virtual-service.ts'
import type { KubeObject } from '../api/object.ts'
import { ACTED_ON, GATEWAY_SERVER, SERVICE } from './acted-on.ts'
import { problem, referTo } from './catalogue.ts'
import type { ObjectProblem, Place, ProblemObject } from './catalogue.ts'
import { REDIRECT_CODES } from './compile-rule.ts'
import { parseFormat } from './format.ts'
import { FRAMING } from './header-edits.ts'
import { LOG_ANNOTATION, readLogWords } from './log-words.ts'
import { keyOf } from './mesh-config.ts'
import type { MeshService } from './mesh-config.ts'
import { OTHER_PROTOCOLS, declaredProtocol, streamNamed, streamOf } from './protocol.ts'
import { breaksHead } from '../std/octets.ts'

/** What Istio says of an object when it is written: an error means that a cluster would not have taken it. */
export function checkWritten(object: KubeObject): ObjectProblem[] {
  return validateIstio(object).map((fault) => ({ ...fault, object: referTo(object.kind, object) }))
}

/** Judges what was written, e.g. `checkWritten`. */
export type WrittenCheck = (object: KubeObject) => readonly ObjectProblem[]

/** Owns what `checkWritten` said of objects, for as long as they are used: whoever compiles after every change asks of few new ones. */
export class WrittenChecks {
  readonly #known = new WeakMap<KubeObject, readonly ObjectProblem[]>()

  /** The problems of an object, which must not change. */
  of(object: KubeObject): readonly ObjectProblem[] {
    const known = this.#known.get(object) ?? checkWritten(object)
    this.#known.set(object, known)
    return known
  }
}

/** What of a VirtualService cannot work though Istio takes it (errors), and what is not acted on yet. */
export function checkVirtualService(virtualService: VirtualService): ObjectProblem[] {
  const object = referTo('VirtualService', virtualService)
  const { spec } = virtualService
  const problems = (spec.http ?? []).flatMap((rule, index) => checkRule(rule, { object, path: `spec.http[${index}]` }))
  return [...problems, ...checkLogWords(virtualService, object), ...unappliedIn(object, ACTED_ON.VirtualService, spec)]
}

/** Words of the annotation for the access log that mean nothing, and rules that are not there. */
function checkLogWords({ metadata, spec }: VirtualService, object: ProblemObject): ObjectProblem[] {
  const { named, wrong } = readLogWords(metadata.annotations?.[LOG_ANNOTATION])
  const place = { object, path: `metadata.annotations["${LOG_ANNOTATION}"]` }
  const rules = spec.http ?? []
  // A delegate's rules are named after their root's.
  const unknown = [...named.keys()].filter((name) => !rules.some((rule) => rule.delegate !== undefined || rule.name === name))
  return [
    ...wrong.map((word) => problem('bad-log-word', place, [word])),
    ...unknown.map((name) => problem('log-rule-not-found', place, [name]))
  ]
}

/** Every field of the spec that is not acted on. */
export function unappliedIn(object: ProblemObject, treatment: Treatment, spec: unknown): ObjectProblem[] {
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
    ...(rule.match ?? []).flatMap((match, index) => checkClaims(match, below(place, `match[${index}]`))),
    ...checkRedirect(rule, below(place, 'redirect.redirectCode')),
    ...checkHeadTexts(rule, place),
    ...checkTotal(rule, below(place, 'route')),
    ...checkHeaders(rule.headers, below(place, 'headers')),
    ...(rule.route ?? []).flatMap(({ headers }, index) => checkHeaders(headers, below(place, `route[${index}].headers`)))
  ]
}

function checkClaims(match: HttpMatch, place: Place): ObjectProblem[] {
  return (['headers', 'withoutHeaders'] as const).flatMap((field) =>
    Object.entries(match[field] ?? {}).flatMap(([name, value]) => {
      if (!isClaim(name) || Object.keys(value).length > 0) return []
      return [problem('claim-without-value', below(place, `${field}["${name}"]`), [name])]
    })
  )
}

const TOTAL_MAX = 2 ** 32 - 1

function checkTotal({ route = [] }: HttpRoute, place: Place): ObjectProblem[] {
  const total = route.reduce((sum, { weight = 0 }) => sum + weight, 0)
  return route.length > 1 && total > TOTAL_MAX ? [problem('weights-too-large', place, [total])] : []
}

/** Istio takes every code of the 3xx; for most of them Envoy has no answer. */
function checkRedirect({ redirect }: HttpRoute, place: Place): ObjectProblem[] {
  const code = redirect?.redirectCode ?? 0
  return code < 300 || code > 399 || REDIRECT_CODES.includes(code) ? [] : [problem('bad-redirect-code', place, [code])]
}

/** Texts that become part of a head: one that would end its line is refused by Envoy. */
function checkHeadTexts({ rewrite, redirect }: HttpRoute, place: Place): ObjectProblem[] {
  const texts: readonly (readonly [path: string, text: string | undefined])[] = [
    ['rewrite.uri', rewrite?.uri],
    ['rewrite.authority', rewrite?.authority],
    ['rewrite.uriRegexRewrite.rewrite', rewrite?.uriRegexRewrite?.rewrite],
    ['redirect.uri', redirect?.uri],
    ['redirect.authority', redirect?.authority]
  ]
  return texts.flatMap(([path, text = '']) =>
    breaksHead(text) ? [problem('breaks-head', below(place, path), [JSON.stringify(text)])] : []
  )
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
  const format = parseFormat(value)
  if ('problem' in format) return valueProblem(value) === undefined ? [problem('unknown-command', place, [value, format.problem])] : []
  return FRAMING.has(name.toLowerCase()) ? [unapplied(place, `a value for ${name}, which the proxy itself writes,`)] : []
}

/** What of a DestinationRule is not acted on yet. */
export function checkDestinationRule(rule: DestinationRule): ObjectProblem[] {
  return unappliedIn(referTo('DestinationRule', rule), ACTED_ON.DestinationRule, rule.spec)
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

/** True when a Gateway's server carries bytes as they are. */
export function carriesBytes({ port, tls }: Server): boolean {
  return streamNamed(port.protocol) === 'tcp' && tls === undefined
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
    return protocol === 'HTTP' || carriesBytes(server)
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

/** What of a ServiceEntry is not acted on yet. A range of addresses is about its TCP ports, which are named; HTTP goes by the Host. */
export function checkServiceEntry(entry: ServiceEntry): ObjectProblem[] {
  const object = referTo('ServiceEntry', entry)
  const { spec } = entry
  const at = (path: string, field: string): ObjectProblem => unapplied({ object, path: `spec.${path}` }, field)
  return [
    ...(spec.ports ?? []).flatMap((port, index) => portNotes(port.protocol).map((note) => at(`ports[${index}].protocol`, note))),
    ...(spec.endpoints ?? []).flatMap(({ address }, index) =>
      address?.startsWith('unix:') === true ? [at(`endpoints[${index}].address`, 'a Unix socket')] : []
    ),
    ...unappliedIn(object, ACTED_ON.ServiceEntry, spec)
  ]
}

/** What of a Service is not acted on yet, and its ports that carry something else than HTTP/1.1 or bytes. A headless one is called past the mesh. */
export function checkService(service: MeshService): ObjectProblem[] {
  const object = referTo('Service', service)
  // The API's own, which every cluster has.
  if (keyOf(service) === 'default/kubernetes') return []
  const fields = unappliedIn(object, SERVICE, service.spec)
  if (service.spec?.clusterIP === 'None') return fields
  const ports = (service.spec?.ports ?? []).flatMap((port, index) => {
    if (streamOf(port) !== undefined) return []
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
