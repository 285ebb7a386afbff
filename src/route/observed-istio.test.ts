// Replays what real Istio and Envoy did (../shared/data/observed-istio) through compileRoutes and decide: everything about a request that
// is decided before an endpoint is chosen. Cases that need what is not built yet are listed by group or id with the reason.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { seeded } from '../std/draw.ts'
import { compileRoutes } from './compile-routes.ts'
import { decide } from './decide.ts'
import type { Decision, HeaderEdits } from './decision.ts'
import { EMPTY_CONFIG } from './mesh-config.ts'
import type { MeshConfig } from './mesh-config.ts'
import type { RequestFacts } from './request-facts.ts'
import { gatewayScope, meshScope } from './route-table.ts'
import { prepare } from './router.ts'
import type { Router } from './router.ts'
import { dataPath } from '../../test/data.ts'

const FILE = dataPath('observed-istio/cases.json')

interface Seen {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  readonly flags?: string | Readonly<Record<string, number>>
  readonly routeName?: string
  readonly upstream?: {
    readonly cluster: string
    readonly path: string
    readonly authority: string
    readonly headers: Readonly<Record<string, unknown>>
  }
  readonly mirrored?: readonly { readonly cluster: string }[]
  readonly received?: Readonly<Record<string, number>>
  readonly attempts?: number
  readonly answered?: Readonly<Record<string, number>>
}

interface Asked {
  readonly port: number
  readonly method?: string
  readonly host: string
  readonly path: string
  readonly headers?: readonly (readonly [string, string])[] | Readonly<Record<string, string>>
  readonly n?: number
  readonly upstream?: readonly object[]
}

interface Case {
  readonly id: string
  readonly group: string
  readonly about: string
  readonly node: 'sidecar' | 'gateway'
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly mesh?: string
  readonly config: string
  readonly istioError?: string
  readonly envoyError?: string
  readonly requests?: readonly { readonly request: Asked; readonly observed: Seen }[]
}

/** Why a group or a case is left out here. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  hash: 'consistent hashing is not applied yet',
  jwt: 'token claims are not applied yet',
  outlier: 'outlier detection is not applied yet',
  pool: "connection limits are the data plane's",
  'local-rate-limit': 'local rate limits are not applied yet',
  'tcp-tls': 'tcp and tls rules are not applied yet',
  timeouts: "behaviour over time is the data plane's",
  'path-absolute-form': 'the data plane turns absolute targets into origin form',
  'sidecar-headers-seen': 'the data plane drops hop-by-hop headers',
  'direct-headers': 'commands in header values are not applied yet',
  'headers-variables': 'commands in header values are not applied yet',
  'headers-variables-response': 'commands in header values are not applied yet',
  'headers-variables-time': 'commands in header values are not applied yet',
  'redirect-prefix': 'prefixRewrite is newer than Istio 1.30'
}

const present = existsSync(FILE)
const cases: readonly Case[] = present ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: readonly Case[] }).cases : []

const KINDS: Readonly<Record<string, keyof MeshConfig>> = {
  VirtualService: 'virtualServices',
  DestinationRule: 'destinationRules',
  Gateway: 'gateways',
  ServiceEntry: 'serviceEntries',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Pod: 'pods'
}

function configOf(each: Case): MeshConfig {
  const lists: Record<string, unknown[]> = {}
  parseAllDocuments(each.config).forEach((document, index) => {
    const object = document.toJS() as { kind: string; metadata: object }
    const list = KINDS[object?.kind]
    if (list === undefined) return
    const metadata = { ...object.metadata, creationTimestamp: new Date(1e12 + index * 1000).toISOString() }
    ;(lists[list] ??= []).push({ ...object, metadata })
  })
  const caller = { metadata: { name: 'caller', namespace: each.namespace ?? 'default', labels: each.labels ?? {} } }
  const found = { ...EMPTY_CONFIG, ...(lists as Partial<MeshConfig>) }
  const base = { ...found, pods: [...found.pods, caller] }
  return each.node === 'gateway' ? { ...base, gatewayLabels: each.labels ?? {}, gatewayNamespace: each.namespace ?? 'istio-system' } : base
}

function headersOf({ headers = [] }: Asked): readonly (readonly [string, string])[] {
  const lines: readonly (readonly [string, string])[] = Array.isArray(headers)
    ? headers
    : Object.entries(headers as Readonly<Record<string, string>>)
  return lines.map(([name, value]) => [name, value.trim()] as const)
}

function factsOf(each: Case, asked: Asked): RequestFacts {
  const { method = 'GET', host, path } = asked
  // A gateway overwrites x-forwarded-proto with the scheme of the connection before anything else looks at it.
  const headers = headersOf(asked).map(
    ([name, value]) => [name, each.node === 'gateway' && name.toLowerCase() === 'x-forwarded-proto' ? 'http' : value] as const
  )
  const lines = (name: string): string[] => headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
  const forwarded = each.node === 'sidecar' ? lines('x-forwarded-proto')[0] : undefined
  return {
    method,
    path,
    authority: host,
    scheme: forwarded?.toLowerCase() === 'https' ? 'https' : 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name) => (lines(name).length === 0 ? undefined : lines(name).join(name === 'cookie' ? '; ' : ',')),
    lines
  }
}

/** What the decision says, in the words of the observation. */
function outcomeOf(router: Router, decision: Decision): string {
  switch (decision.kind) {
    case 'forward':
      return (router.clusters.get(decision.cluster)?.slots.length ?? 0) > 0 ? decision.cluster.replace(/@.*$/, '') : 'local 503'
    case 'redirect':
    case 'respond':
      return `local ${decision.status}`
    case 'no-route':
      return decision.because === 'no-destination' ? 'local 503' : decision.because === 'bad-path' ? 'local 400' : 'local 404'
  }
}

function edit(edits: HeaderEdits | undefined, given: readonly (readonly [string, string])[]): Record<string, string[]> {
  const out = new Map<string, string[]>()
  const add = ([name, value]: readonly [string, string]): void => {
    out.set(name.toLowerCase(), [...(out.get(name.toLowerCase()) ?? []), value])
  }
  given.forEach(add)
  if (edits === undefined) return Object.fromEntries(out)
  for (const name of edits.remove) out.delete(name)
  for (const [name, value] of edits.set) out.set(name, [value])
  edits.add.forEach(add)
  return Object.fromEntries(out)
}

const ENVOYS =
  /^(server$|date$|location$|x-forwarded-|x-envoy-|x-request-id|content-length|user-agent|transfer-encoding|te$|host$|x-forwarded-proto)/

function own(headers: Readonly<Record<string, unknown>>): Record<string, unknown[]> {
  const kept = Object.entries(headers).filter(([name]) => !ENVOYS.test(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, [value].flat()]))
}

/** The comparable parts of a decision, and of an observation: a part that the observation does not have is taken from the decision. */
interface Parts {
  readonly outcome: string
  readonly route: string
  readonly location: string
  readonly body: string
  readonly path: string
  readonly authority: string
  readonly sent: Record<string, unknown[]>
  readonly answer: Record<string, unknown[]>
  readonly flags: string
  readonly copies: readonly string[]
}

function partsOf(router: Router, decision: Decision, asked: Asked): Parts {
  return {
    ...sentParts(decision, asked),
    outcome: outcomeOf(router, decision),
    route: decision.route?.name ?? '-',
    location: decision.kind === 'redirect' ? decision.location : '',
    body: decision.kind === 'respond' ? decision.body : '',
    answer: own(edit(decision.response, decision.kind === 'respond' ? decision.headers : [])),
    flags: flagsOf(decision)
  }
}

function sentParts(decision: Decision, asked: Asked): Pick<Parts, 'path' | 'authority' | 'sent' | 'copies'> {
  if (decision.kind !== 'forward') return { path: '', authority: '', sent: own(edit(undefined, headersOf(asked))), copies: [] }
  const { path, authority, request, copies } = decision
  return { path, authority, sent: own(edit(request, headersOf(asked))), copies }
}

function flagsOf(decision: Decision): string {
  const delayed = decision.kind !== 'redirect' && decision.delay > 0 ? ['DI'] : []
  const own = decision.kind === 'respond' && decision.flag !== '-' ? [decision.flag] : []
  return [...delayed, ...own].join(',')
}

function observedParts(seen: Seen, got: Parts, asked: Asked): Parts {
  const location = seen.headers?.['location']
  return {
    ...got,
    outcome: observedOutcome(seen, got),
    route: got.outcome === 'local 404' ? got.route : (seen.routeName ?? got.route),
    location: typeof location === 'string' ? location : '',
    body: got.body === '' ? '' : (seen.body ?? got.body),
    answer: answerIsOurs(seen, asked) ? own(seen.headers ?? {}) : got.answer,
    flags:
      typeof seen.flags === 'string'
        ? seen.flags
            .split(',')
            .filter((flag) => ['DI', 'FI'].includes(flag))
            .join(',')
        : got.flags,
    copies: seen.mirrored?.map(({ cluster }) => cluster) ?? got.copies,
    ...observedRequest(seen)
  }
}

/** Not the answers of endpoints with headers of their own, nor of failed tries. */
function answerIsOurs({ upstream, attempts = 0 }: Seen, asked: Asked): boolean {
  return asked.upstream === undefined && (upstream !== undefined || attempts === 0)
}

function observedRequest({ upstream }: Seen): Partial<Parts> {
  return upstream === undefined ? {} : { path: upstream.path, authority: upstream.authority, sent: own(upstream.headers) }
}

/** Pass-through and black hole are what a sidecar does with unknown hosts; a failed try leaves the cluster unobserved. */
function observedOutcome({ upstream, status, attempts = 0 }: Seen, got: Parts): string {
  if (upstream === undefined && attempts > 0) return got.outcome
  if (status === 502 || upstream?.cluster === 'PassthroughCluster') return 'local 404'
  return upstream?.cluster ?? `local ${status}`
}

function check(router: Router, each: Case, asked: Asked, seen: Seen): void {
  const source = { namespace: each.namespace ?? 'default', labels: each.labels ?? {} }
  const scope = each.node === 'gateway' ? gatewayScope(asked.port) : meshScope(router.sourceLabels, source, asked.port)
  const facts = factsOf(each, asked)
  const draw = seeded(7)
  if (asked.n !== undefined) {
    checkMany(() => outcomeOf(router, decide(router, scope, facts, draw)), asked.n, seen)
    return
  }
  const got = partsOf(router, decide(router, scope, facts, draw), asked)
  const wanted = observedParts(seen, got, asked)
  expect(seen.upstream?.cluster === 'PassthroughCluster' ? got.outcome : got).toEqual(
    seen.upstream?.cluster === 'PassthroughCluster' ? 'local 404' : wanted
  )
}

function checkMany(once: () => string, n: number, seen: Seen): void {
  const counts: Record<string, number> = {}
  for (let at = 0; at < n; at += 1) {
    const outcome = once()
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  const wanted = seen.answered ?? {}
  expect(Object.keys(counts).toSorted()).toEqual(Object.keys(wanted).toSorted())
  for (const [outcome, count] of Object.entries(wanted)) {
    const share = count / n
    const slack = 8 * Math.sqrt(n * share * (1 - share))
    expect(Math.abs((counts[outcome] ?? 0) - count), `${outcome}: ${counts[outcome]} of ${n}, observed ${count}`).toBeLessThanOrEqual(slack)
  }
}

test('the observations are there (../shared/data/observed-istio beside the repository)', () => {
  expect(present).toBe(true)
})

test('cases left out are named with their reasons', ({ task }) => {
  const groups = new Set(cases.map(({ group }) => group))
  const ids = new Set(cases.map(({ id }) => id))
  for (const name of Object.keys(LEFT_OUT)) expect(groups.has(name) || ids.has(name), name).toBe(true)
  const left = cases.filter((each) => LEFT_OUT[each.group] !== undefined || LEFT_OUT[each.id] !== undefined)
  task.meta.unsupported = left.map(({ group, id }) => ({ id, why: LEFT_OUT[group] ?? LEFT_OUT[id] ?? '' }))
  expect(left.length).toBeLessThan(cases.length / 2)
})

describe('decides as Istio and Envoy did', () => {
  for (const each of cases) {
    const why = LEFT_OUT[each.group] ?? LEFT_OUT[each.id]
    if (why !== undefined || each.istioError !== undefined || each.envoyError !== undefined) continue
    test(`${each.group}: ${each.id}: ${each.about}`, () => {
      const { table } = compileRoutes(configOf(each))
      const router = prepare(table)
      for (const { request, observed } of each.requests ?? []) check(router, each, request, observed)
    })
  }
})
