// Reads an EnvoyFilter patch by patch (istio.md 4.1). Understood are local rate limits: their filter in a listener's chain, and what routes,
// hosts and route tables say about them. A patch with anything else in it is named and not applied at all.

import { RE2JS } from 're2js'
import type { EnvoyFilter, EnvoyFilterSpec } from '../api/istio-envoy-filter.ts'
import { LIMIT_TYPE, readLocalLimit, readRules } from './envoy-limit.ts'
import type { DescriptorRule, LimitId, LocalLimit } from './local-limit.ts'
import { keyOf } from './mesh-config.ts'
import { ProtoMessage, readAny } from './proto-json.ts'
import type { ProtoProblem } from './proto-json.ts'

/** The version of Istio whose behaviour is kept, as proxyVersion expressions see it. */
const PROXY_VERSION = '1.30.0'

const CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager'
/** The usual name of the filter; routes and hosts configure it under the name it has in the chain. */
export const LIMIT_FILTER = 'envoy.filters.http.local_ratelimit'

type Patch = NonNullable<EnvoyFilterSpec['configPatches']>[number]
type Match = NonNullable<Patch['match']>

/** The proxies of Istio, by which listeners and routes they have. */
export type PatchContext = 'GATEWAY' | 'SIDECAR_OUTBOUND' | 'SIDECAR_INBOUND'

/** What a patch that is understood does. */
export type Change =
  | {
      readonly kind: 'insert'
      readonly where: 'first' | 'before' | 'after' | 'replace'
      /** The filter of the chain that `where` is about; undefined: the chain's beginning. */
      readonly anchor: string | undefined
      readonly name: string
      readonly limit: LimitId
    }
  | { readonly kind: 'remove'; readonly name: string }
  | {
      readonly kind: 'override'
      readonly level: 'table' | 'host' | 'route'
      readonly limits: Readonly<Record<string, LimitId>>
      readonly rules: readonly DescriptorRule[]
      readonly includesHost: boolean
    }

/** A patch that is understood, with its conditions. */
export interface FilterPatch {
  /** undefined: all of them. */
  readonly context: PatchContext | undefined
  readonly listener: Match['listener']
  readonly routes: Match['routeConfiguration']
  readonly change: Change
}

/** An EnvoyFilter as far as it is understood; `problems` has a sentence for each patch that is not. */
export interface ReadFilter {
  readonly patches: readonly FilterPatch[]
  readonly limits: ReadonlyMap<LimitId, LocalLimit>
  readonly problems: readonly ProtoProblem[]
}

/** The filters that Istio puts into the chains of its listeners, in order; jwt_authn where tokens are looked at. */
export const CHAIN: readonly string[] = [
  'istio.metadata_exchange',
  'envoy.filters.http.jwt_authn',
  'envoy.filters.http.grpc_stats',
  'istio.alpn',
  'envoy.filters.http.fault',
  'envoy.filters.http.cors',
  'istio.stats',
  'envoy.filters.http.router'
]
const ROUTER = 'envoy.filters.http.router'

/** Reads all patches of an EnvoyFilter. */
export function readEnvoyFilter(filter: EnvoyFilter): ReadFilter {
  const patches: FilterPatch[] = []
  const limits = new Map<LimitId, LocalLimit>()
  const problems: ProtoProblem[] = []
  if ((filter.spec.targetRefs ?? []).length > 0) return { patches, limits, problems: [{ path: 'spec.targetRefs', text: 'targetRefs' }] }
  for (const [index, patch] of (filter.spec.configPatches ?? []).entries()) {
    const path = `spec.configPatches[${index}]`
    const found: ProtoProblem[] = []
    const made = new Map<LimitId, LocalLimit>()
    const read = readPatch(patch, { id: `${keyOf(filter)}#${index}`, path, problems: found, limits: made })
    const first = found[0]
    if (read === undefined || first !== undefined) {
      problems.push({
        path,
        text: first === undefined ? kindOf(patch) : `${kindOf(patch)}: ${first.path.replace(`${path}.`, '')} ${first.text}`
      })
      continue
    }
    patches.push(read)
    for (const [id, limit] of made) limits.set(id, limit)
  }
  return { patches, limits, problems }
}

function kindOf({ applyTo, patch }: Patch): string {
  return `the patch ${patch?.operation ?? 'INVALID'} of ${applyTo ?? 'INVALID'}`
}

/** Where a patch is and where what is found in it goes. */
interface Reading {
  readonly id: string
  readonly path: string
  readonly problems: ProtoProblem[]
  readonly limits: Map<LimitId, LocalLimit>
}

function readPatch(patch: Patch, reading: Reading): FilterPatch | undefined {
  const context = contextOf(patch.match, reading)
  const change = readChange(patch, reading)
  if (change === undefined) return undefined
  return { context, listener: patch.match?.listener, routes: patch.match?.routeConfiguration, change }
}

function contextOf(match: Match = {}, { path, problems }: Reading): PatchContext | undefined {
  const { context, proxy = {}, waypoint } = match
  if (Object.keys(proxy.metadata ?? {}).length > 0) problems.push({ path: `${path}.match.proxy.metadata`, text: 'is not known here' })
  if (!fits(proxy.proxyVersion ?? '')) {
    problems.push({ path: `${path}.match.proxy.proxyVersion`, text: `is for other versions than ${PROXY_VERSION}` })
  }
  if (waypoint !== undefined || context === 'WAYPOINT')
    problems.push({ path: `${path}.match`, text: 'is about waypoints, which are not here' })
  return context === undefined || context === 'ANY' || context === 'WAYPOINT' ? undefined : context
}

function fits(version: string): boolean {
  if (version === '') return true
  try {
    return RE2JS.compile(version).matcher(PROXY_VERSION).find()
  } catch {
    return false
  }
}

function readChange(patch: Patch, reading: Reading): Change | undefined {
  switch (patch.applyTo) {
    case 'HTTP_FILTER':
      return readFilterChange(patch, reading)
    case 'HTTP_ROUTE':
      return readOverride(patch, 'route', reading)
    case 'VIRTUAL_HOST':
      return readOverride(patch, 'host', reading)
    case 'ROUTE_CONFIGURATION':
      return readOverride(patch, 'table', reading)
    default:
      return undefined
  }
}

const WHERE = { INSERT_FIRST: 'first', INSERT_BEFORE: 'before', INSERT_AFTER: 'after', REPLACE: 'replace' } as const

function readFilterChange({ match, patch = {} }: Patch, reading: Reading): Change | undefined {
  const anchor = anchorOf(match)
  const { operation = 'INVALID', value } = patch
  if (operation === 'REMOVE') return isOwn(anchor) ? { kind: 'remove', name: anchor } : undefined
  if (!isInsertion(operation) || (operation === 'REPLACE' && !isOwn(anchor))) return undefined
  const where = WHERE[operation]
  checkPlace(where, anchor, reading)
  const inserted = readFilter(value, reading)
  return inserted === undefined ? undefined : { kind: 'insert', where, anchor: where === 'first' ? undefined : anchor, ...inserted }
}

function anchorOf(match: Match | undefined): string | undefined {
  return given(match?.listener?.filterChain?.filter?.subFilter?.name)
}

function checkPlace(where: string, anchor: string | undefined, { path, problems }: Reading): void {
  if (where !== 'after' || (anchor !== undefined && anchor !== ROUTER)) return
  problems.push({ path, text: 'would put a filter behind the router, where no request comes by' })
}

/** A filter that patches may take out: not one that Istio put in. */
function isOwn(anchor: string | undefined): anchor is string {
  return anchor !== undefined && !CHAIN.includes(anchor)
}

function isInsertion(operation: string): operation is keyof typeof WHERE {
  return Object.hasOwn(WHERE, operation)
}

function readFilter(value: unknown, reading: Reading): { readonly name: string; readonly limit: LimitId } | undefined {
  const message = new ProtoMessage(value ?? {}, `${reading.path}.patch.value`, reading.problems)
  const name = given(message.text('name'))
  const config = message.message('typed_config')
  if (name === undefined || config === undefined) return undefined
  const id = readTypedLimit(config, { ...reading, id: reading.id }, 'listener')
  message.finish()
  return id === undefined ? undefined : { name, limit: id }
}

/** The id of the limit in an Any; undefined, and named, when something else is in it. */
function readTypedLimit(config: ProtoMessage, reading: Reading, level: 'listener' | 'route'): LimitId | undefined {
  const any = readAny(config)
  if (any === undefined) return undefined
  if (any.type !== LIMIT_TYPE) return config.reject('', `is of type ${any.type}`)
  reading.limits.set(reading.id, readLocalLimit(any.message, level))
  return reading.id
}

/** MERGE of what a route, host or route table says about limits. */
function readOverride({ patch }: Patch, level: 'table' | 'host' | 'route', reading: Reading): Change | undefined {
  if (patch?.operation !== 'MERGE' || patch.value === undefined) return undefined
  const message = new ProtoMessage(patch.value, `${reading.path}.patch.value`, reading.problems)
  const limits = readPerFilter(message, reading)
  const action = level === 'route' ? message.message('route') : undefined
  const holder = level === 'host' ? message : action
  const rules = holder === undefined ? [] : readRules(holder, 'rate_limits')
  const includesHost = action?.flag('include_vh_rate_limits') ?? false
  action?.finish()
  message.finish()
  return { kind: 'override', level, limits, rules, includesHost }
}

function readPerFilter(parent: ProtoMessage, reading: Reading): Record<string, LimitId> {
  const value = parent.raw('typed_per_filter_config')
  const found: Record<string, LimitId> = {}
  if (value === undefined) return found
  // The keys are names of filters, not fields: they are taken as they are written.
  for (const [name, config] of Object.entries(value ?? {})) {
    const message = new ProtoMessage(config, `${parent.path}.typed_per_filter_config.${name}`, reading.problems)
    const id = readTypedLimit(message, { ...reading, id: `${reading.id}:${name}` }, 'route')
    if (id !== undefined) found[name] = id
  }
  return found
}

/** Whether a listener match is about chains that carry HTTP here. */
export function matchesHttp(listener: Match['listener']): boolean {
  const { filter, sni, transportProtocol, applicationProtocols } = listener?.filterChain ?? {}
  const name = given(filter?.name)
  return (
    (name === undefined || name === CONNECTION_MANAGER) &&
    given(sni) === undefined &&
    given(applicationProtocols) === undefined &&
    (given(transportProtocol) === undefined || transportProtocol === 'raw_buffer')
  )
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
