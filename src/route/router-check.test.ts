// Envoy's own router suite (../shared/data/router-check): route configurations turned into RouteTables, requests in, cluster, host, path
// and redirect out. Left out, because Istio does not have them: virtual clusters, require_tls EXTERNAL_ONLY, runtime keys.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { decide } from './decide.ts'
import type { Decision, HeaderEdits } from './decision.ts'
import type { Choice, Cluster, HeaderTest, PathTest, Route, RouteAction, RouteTable } from './route-table.ts'
import { prepare } from './router.ts'
import { dataPath } from '../../test/data.ts'
import { PLAIN_FORWARD, PLAIN_SETTINGS } from './plain.ts'

const FOLDER = dataPath('router-check')

interface EnvoyRoute {
  readonly match: {
    readonly prefix?: string
    readonly path?: string
    readonly case_sensitive?: boolean
    readonly grpc?: object
    readonly safe_regex?: { readonly regex: string }
    readonly headers?: readonly {
      readonly name: string
      readonly exact_match?: string
      readonly safe_regex_match?: { readonly regex: string }
    }[]
  }
  readonly route?: {
    readonly cluster?: string
    readonly weighted_clusters?: { readonly clusters: readonly { readonly name: string; readonly weight: number }[] }
    readonly prefix_rewrite?: string
    readonly host_rewrite?: string
  }
  readonly redirect?: {
    readonly host_redirect?: string
    readonly path_redirect?: string
    readonly prefix_rewrite?: string
    readonly https_redirect?: boolean
  }
  readonly response_headers_to_add?: readonly {
    readonly header: { readonly key: string; readonly value: string }
    readonly append?: boolean
  }[]
  readonly direct_response?: { readonly status: number; readonly body?: { readonly inline_string?: string } }
}

interface Case {
  readonly id: string
  readonly config: string
  readonly input: {
    readonly authority: string
    readonly path: string
    readonly method: string
    readonly ssl?: boolean
    readonly random_value?: number
    readonly additional_request_headers?: readonly { readonly key: string; readonly value: string }[]
  }
  readonly validate: Readonly<Record<string, unknown>>
}

interface HeaderMatch {
  readonly name: string
  readonly exact_match?: string
  readonly range_match?: { readonly start: number; readonly end: number }
  readonly present_match?: boolean
  readonly invert_match?: boolean
}

const PARTS = ['cluster_name', 'virtual_host_name', 'host_rewrite', 'path_rewrite', 'path_redirect']
/** Its one part comes from require_tls EXTERNAL_ONLY. */
const EXTERNAL_ONLY = 'Redirect: Test_5'

const present = existsSync(join(FOLDER, 'cases.json'))
const cases = present ? (JSON.parse(readFileSync(join(FOLDER, 'cases.json'), 'utf8')) as readonly Case[]) : []

function pathOf({ prefix, path, safe_regex: regex, case_sensitive: caseful = true }: EnvoyRoute['match']): PathTest {
  if (regex !== undefined) return { kind: 'regex', value: regex.regex }
  if (path !== undefined) return { kind: 'exact', value: path, ignoreCase: !caseful }
  return { kind: 'prefix', value: prefix ?? '/', ignoreCase: !caseful }
}

function headersOf(match: EnvoyRoute['match']): HeaderTest[] {
  const grpc: HeaderTest = { name: 'content-type', invert: false, test: { kind: 'regex', value: 'application/grpc(\\+.*)?' } }
  const others = (match.headers ?? []).map(({ name, exact_match: exact, safe_regex_match: regex }) => {
    const test =
      regex === undefined
        ? exact === undefined
          ? ({ kind: 'present' } as const)
          : ({ kind: 'exact', value: exact } as const)
        : ({ kind: 'regex', value: regex.regex } as const)
    return { name, invert: false, test }
  })
  return match.grpc === undefined ? others : [...others, grpc]
}

/** Added lines are appended unless they say otherwise. */
function responseEdits({ response_headers_to_add: added }: EnvoyRoute): HeaderEdits | undefined {
  if (added === undefined) return undefined
  const lines = (appended: boolean): (readonly [string, string])[] =>
    added.filter(({ append = true }) => append === appended).map(({ header }) => [header.key, header.value] as const)
  return { set: lines(false), add: lines(true), remove: [] }
}

function actionOf(written: EnvoyRoute): RouteAction {
  const { route, redirect, direct_response: direct } = written
  const response = responseEdits(written)
  if (redirect !== undefined) return redirectOf(redirect)
  if (direct !== undefined) return { kind: 'respond', status: direct.status, body: direct.body?.inline_string ?? '', response }
  const listed = route?.weighted_clusters?.clusters ?? [{ name: route?.cluster ?? '', weight: 1 }]
  return forwardTo(listed, route)
}

function forwardTo(listed: readonly { readonly name: string; readonly weight: number }[], route: EnvoyRoute['route']): RouteAction {
  const edits = { authority: route?.host_rewrite, request: undefined, response: undefined }
  const choices = listed.map(({ name, weight }): Choice => ({ cluster: name, weight, ...edits }))
  const rewrite = route?.prefix_rewrite === undefined ? undefined : ({ kind: 'prefix', value: route.prefix_rewrite } as const)
  return { ...PLAIN_FORWARD, choices, total: listed.reduce((sum, { weight }) => sum + weight, 0), rewrite }
}

function redirectOf(redirect: NonNullable<EnvoyRoute['redirect']>): RouteAction {
  return {
    kind: 'redirect',
    status: 301,
    uri: redirect.path_redirect,
    prefixRewrite: redirect.prefix_rewrite,
    authority: redirect.host_redirect,
    scheme: redirect.https_redirect === true ? 'https' : undefined,
    port: undefined,
    response: undefined
  }
}

function clusterOf(id: string): Cluster {
  return { id, host: id, namespace: '', serviceName: id, port: 80, subset: undefined, endpoints: [], ...PLAIN_SETTINGS, balance: 'random' }
}

function tableOf(config: string): RouteTable {
  const { virtual_hosts: hosts } = parse(readFileSync(join(FOLDER, config), 'utf8')) as {
    virtual_hosts: readonly {
      readonly name: string
      readonly require_tls?: string
      readonly domains: readonly string[]
      readonly routes: readonly EnvoyRoute[]
    }[]
  }
  const entries = hosts.map(({ name, routes, require_tls: tls }) => ({
    id: name,
    version: 1,
    host: name,
    httpsRedirect: tls === 'ALL',
    routes: routes.map((route, index): Route => {
      return {
        ref: { virtualService: name, name: undefined, index },
        path: pathOf(route.match),
        headers: headersOf(route.match),
        query: [],
        action: actionOf(route)
      }
    })
  }))
  const clusters = entries.flatMap(({ routes }) =>
    routes.flatMap(({ action }) => (action.kind === 'forward' ? action.choices.map(({ cluster }) => cluster) : []))
  )
  const domains = hosts.flatMap(({ name, domains: listed }) => listed.map((domain) => [domain.toLowerCase(), name]))
  return {
    version: 1,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: {
      g: { id: 'g', kind: 'gateway', port: 80, namespace: '', tls: false, hosts: Object.fromEntries(domains) as Record<string, string> }
    },
    entries: Object.fromEntries(entries.map((entry) => [entry.id, entry])),
    clusters: Object.fromEntries(clusters.map((id) => [id, clusterOf(id)]))
  }
}

function answer({ config, input }: Case): Decision {
  const headers = new Map((input.additional_request_headers ?? []).map(({ key, value }) => [key.toLowerCase(), value]))
  const table = tableOf(config)
  const totals = Object.values(table.entries).flatMap(({ routes }) =>
    routes.map(({ action }) => (action.kind === 'forward' ? action.total : 1))
  )
  const total = Math.max(...totals)
  const facts = {
    method: input.method,
    path: input.path,
    authority: input.authority,
    scheme: input.ssl === true ? 'https' : 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name: string) => headers.get(name)
  } as const
  return decide(prepare(table), 'g', facts, () => (((input.random_value ?? 0) % total) + 0.5) / total)
}

/** The parts that a decision has; Envoy's tool prints a redirect for direct responses too, which is not compared. */
function partsOf(decision: Decision): Record<string, string> {
  const empty = { cluster_name: '', virtual_host_name: '', host_rewrite: '', path_rewrite: '', path_redirect: '' }
  if (decision.kind === 'redirect') return { ...empty, path_redirect: decision.location }
  if (decision.kind !== 'forward') return empty
  const { cluster, route, authority, path } = decision
  return {
    cluster_name: cluster,
    virtual_host_name: route.virtualService ?? '',
    host_rewrite: authority,
    path_rewrite: path,
    path_redirect: ''
  }
}

/** Headers of an answer of the proxy itself, several lines joined. */
function answerHeaders(decision: Decision): ReadonlyMap<string, string> {
  if (decision.kind !== 'respond') return new Map()
  const lines = new Map([...decision.headers, ['content-length', String(decision.body.length)] as const])
  for (const [name, value] of decision.response?.set ?? []) lines.set(name, value)
  for (const [name, value] of decision.response?.add ?? []) lines.set(name, lines.has(name) ? `${lines.get(name)},${value}` : value)
  return lines
}

function holds(match: HeaderMatch, value: string | undefined): boolean {
  const { exact_match: exact, range_match: range, invert_match: inverted = false } = match
  if (exact !== undefined) return (value === exact) !== inverted
  if (range !== undefined) return (Number(value) >= range.start && Number(value) < range.end) !== inverted
  return (value !== undefined) !== inverted
}

test('the router suite is there (../shared/data/router-check beside the repository)', ({ task }) => {
  task.meta.unsupported = cases.filter((each) => !compared.includes(each)).map(({ id }) => ({ id, why: 'parts that Istio does not have' }))
  expect(present).toBe(true)
  expect(cases).toHaveLength(44)
  expect(compared).toHaveLength(33)
})

const HEADERS = 'response_header_matches'
const compared = cases.filter(
  ({ id, validate }) => id !== EXTERNAL_ONLY && [...PARTS, HEADERS].some((part) => validate[part] !== undefined)
)

test.each(compared.map((each) => [each.id, each] as const))('%s', (_, each) => {
  const decision = answer(each)
  const parts = PARTS.filter((part) => each.validate[part] !== undefined && !(decision.kind === 'respond' && part === 'path_redirect'))
  const pick = (from: Readonly<Record<string, unknown>>): unknown[] => parts.map((part) => from[part])
  expect(pick(partsOf(decision))).toEqual(pick(each.validate))
  const headers = answerHeaders(decision)
  const wanted = (each.validate[HEADERS] ?? []) as readonly HeaderMatch[]
  expect(wanted.filter((match) => !holds(match, headers.get(match.name)))).toEqual([])
})
