// A request on a resource from path to answer: find the kind, check access, read the body, ask the store, print.

import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { KindSpec } from '../api/kind.ts'
import type { Status, StoreAnswer, StoreRequest } from '../store/store-request.ts'
import { forbid } from './access.ts'
import type { ApiBackend } from './api-backend.ts'
import type { WatchRequest } from '../kube/embedded-api.ts'
import type { PodAccess, PodName } from '../kube/pod-access.ts'
import type { ResourcePath } from './api-path.ts'
import { servedIn } from './discovery.ts'
import { refuseListOptions } from './list-options.ts'
import { chooseRepresentation } from './negotiate.ts'
import { chooseContainer, logOptions, streamLog } from './pod-log.ts'
import { type PrintForm, printAnswer } from './print.ts'
import { flag, integer, type Parsed, text } from './query.ts'
import { readBody } from './request-body.ts'
import { type ApiVerb, fits, selectors, storeRequest, targetOf, verbOf } from './resource-request.ts'
import { type Exchange, sendJson, sendStatus, sendText } from './respond.ts'
import { answerReview, isReview } from './review.ts'
import { failure, NO_SUCH_RESOURCE, NOT_ACCEPTABLE, NOT_ALLOWED } from './status.ts'
import type { IncludeObject } from './table.ts'
import { streamWatch } from './watch-stream.ts'

/** What requests on resources are served from. */
export interface ResourceServices {
  readonly backend: ApiBackend
  /** Absent: logs, exec and attach are answered 501. */
  readonly pods: PodAccess | undefined
  readonly clock: Clock
  readonly draw: Draw
  readonly signal: AbortSignal
}

const WATCH_TIMEOUT_MIN: Millis = 30 * 60_000

/** Answers a request on a resource. */
export async function serveResource(exchange: Exchange, path: ResourcePath, services: ResourceServices): Promise<void> {
  const { request, query } = exchange
  const spec = findKind(services.backend, path)
  if (spec === undefined) return unserved(exchange, path, services.backend)
  if (isPodLog(path)) return serveLog(exchange, path, services)
  const verb = verbOf(request.method ?? '', path, query)
  if (verb === undefined || spec.verbs?.includes(verb) === false) return sendStatus(exchange, NOT_ALLOWED)
  const refused = (isReview(spec) ? undefined : forbid(request.headers, verb, path)) ?? refuseListOptions(verb, query)
  if (refused !== undefined) return sendStatus(exchange, refused)
  const form = printForm(exchange, path, services.clock)
  if (form === undefined) return sendStatus(exchange, NOT_ACCEPTABLE)
  if (verb === 'watch') return serveWatch(exchange, path, form, services)
  return serveStore(exchange, { verb, path, spec, form }, services)
}

// A group that nobody serves is no part of the API at all.
function unserved(exchange: Exchange, { group }: ResourcePath, backend: ApiBackend): Promise<void> {
  const known = group === '' || backend.kinds().some((spec) => spec.group === group)
  return known ? sendStatus(exchange, NO_SUCH_RESOURCE) : sendText(exchange, { code: 404, body: '404 page not found\n' })
}

interface Asked {
  readonly verb: Exclude<ApiVerb, 'watch'>
  readonly path: ResourcePath
  readonly spec: KindSpec
  readonly form: PrintForm
}

async function serveStore(exchange: Exchange, { verb, path, spec, form }: Asked, services: ResourceServices): Promise<void> {
  const { request, query } = exchange
  const bytes = await readBody(request)
  if (!bytes.ok) return sendStatus(exchange, bytes.status)
  const parsed = storeRequest(verb, { path, spec, query, headers: request.headers, bytes: bytes.value })
  if (!parsed.ok) return sendStatus(exchange, parsed.status)
  const answer = printAnswer(await answerOf(parsed.value, { verb, path, spec, form }, exchange, services), form)
  const warnings = [...deprecation(spec, path.version), ...answer.warnings].map((warning) => `299 - ${quoted(warning)}`)
  return sendJson(exchange, {
    code: answer.code,
    body: answer.body,
    headers: {
      ...(warnings.length === 0 ? {} : { warning: warnings }),
      ...(answer.retryAfterSeconds === undefined ? {} : { 'retry-after': String(answer.retryAfterSeconds) })
    }
  })
}

async function answerOf(
  asked: StoreRequest,
  { spec }: Asked,
  exchange: Exchange,
  { backend, clock }: ResourceServices
): Promise<StoreAnswer> {
  if (!isReview(spec) || asked.verb !== 'create') return backend.submit(asked)
  return answerReview(asked.body, spec, exchange.request.headers, clock.now())
}

/** The pod and container that a log, exec or attach request means, after asking for the Pod; or why there is none. */
export async function findContainer(
  services: Pick<ResourceServices, 'backend'>,
  path: ResourcePath,
  query: URLSearchParams
): Promise<Parsed<{ readonly pod: PodName; readonly container: string }>> {
  const pod: PodName = { namespace: path.namespace ?? '', name: path.name ?? '' }
  const answer = await services.backend.submit({ verb: 'get', target: targetOf(path), name: pod.name })
  if (answer.kind === 'failure') return { ok: false, status: answer.status }
  if (answer.kind !== 'object') return { ok: false, status: NO_SUCH_RESOURCE }
  const container = chooseContainer(answer.object, text(query, 'container'))
  return container.ok ? { ok: true, value: { pod, container: container.value } } : container
}

/** 501 where no kubelet runs. */
export const NO_PODS: Status = failure(501, 'NotImplemented', 'no pods run behind this server')

function findKind(backend: ApiBackend, path: ResourcePath): KindSpec | undefined {
  return servedIn(backend.kinds(), path.group, path.version).find(([spec]) => spec.plural === path.resource)?.[0]
}

function isPodLog(path: ResourcePath): boolean {
  return path.group === '' && path.resource === 'pods' && path.subresource === 'log' && path.namespace !== undefined
}

function printForm(exchange: Exchange, path: ResourcePath, clock: Clock): PrintForm | undefined {
  const representation = chooseRepresentation(exchange.request.headers.accept)
  if (representation === undefined) return undefined
  return { representation, include: includeObject(exchange.query), subresource: path.subresource, now: clock.now() }
}

function includeObject(query: URLSearchParams): IncludeObject {
  const wanted = query.get('includeObject')
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata'
}

async function serveWatch(exchange: Exchange, path: ResourcePath, form: PrintForm, services: ResourceServices): Promise<void> {
  const { query } = exchange
  const spec = findKind(services.backend, path)
  if (spec === undefined || !fits(path, spec)) return sendStatus(exchange, NO_SUCH_RESOURCE)
  const seconds = integer(query, 'timeoutSeconds')
  if (!seconds.ok) return sendStatus(exchange, seconds.status)
  const resourceVersion = text(query, 'resourceVersion')
  const resourceVersionMatch = text(query, 'resourceVersionMatch')
  const request: WatchRequest = {
    target: targetOf(path),
    ...selectors({ query, path }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(resourceVersionMatch === undefined ? {} : { resourceVersionMatch }),
    sendInitialEvents: flag(query, 'sendInitialEvents'),
    allowWatchBookmarks: flag(query, 'allowWatchBookmarks')
  }
  const asked = seconds.value ?? 0
  // Spread, so that watchers that began together do not all come back together.
  const timeout = asked > 0 ? Math.min(asked, 86_400) * 1000 : WATCH_TIMEOUT_MIN * (1 + services.draw())
  const warnings = deprecation(spec, path.version).map((warning) => `299 - ${quoted(warning)}`)
  if (warnings.length > 0) exchange.response.setHeader('warning', warnings)
  streamWatch(exchange.response, request, { backend: services.backend, clock: services.clock, form, timeout, signal: services.signal })
}

async function serveLog(exchange: Exchange, path: ResourcePath, services: ResourceServices): Promise<void> {
  const verb: ApiVerb = 'get'
  if (exchange.request.method !== 'GET') return sendStatus(exchange, NOT_ALLOWED)
  const forbidden = forbid(exchange.request.headers, verb, path)
  if (forbidden !== undefined) return sendStatus(exchange, forbidden)
  const options = logOptions(exchange.query)
  if (!options.ok) return sendStatus(exchange, options.status)
  const found = await findContainer(services, path, exchange.query)
  if (!found.ok) return sendStatus(exchange, found.status)
  if (services.pods === undefined) return sendStatus(exchange, NO_PODS)
  const status = await streamLog(exchange.response, services.pods, found.value, options.value)
  if (status !== undefined) return sendStatus(exchange, status)
}

// Every request on a deprecated version is answered with a warning.
function deprecation(spec: KindSpec, version: string): readonly string[] {
  return spec.versions.flatMap((one) => (one.name === version && one.deprecationWarning !== undefined ? [one.deprecationWarning] : []))
}

// RFC 9110 quoted-string; control characters would end the header.
function quoted(warning: string): string {
  const plain = warning.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').replaceAll(/[^\u0020-\u00ff]/g, '?')
  return `"${plain.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`
}
