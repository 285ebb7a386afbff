// The rules that a mixed load is routed by.

import { PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../../src/route/plain.ts'
import type { RetryPolicy } from '../../src/route/decision.ts'
import type { Cluster, Endpoint, Route, RouteAction, RouteTable } from '../../src/route/route-table.ts'
import type { Called } from './upstreams.ts'

/** The Host that the rules are for. */
export const HOST = 'shop.test'
/** How long idle connections to endpoints are kept: short, so that a pause shows what stays. */
const IDLE = 300

type Forward = Extract<RouteAction, { kind: 'forward' }>

function endpoint(name: string, port: number): Endpoint {
  const pod = { pod: `${name}-${port}`, namespace: 'default', workload: name, app: name, version: 'v1' }
  return { address: '127.0.0.1', port, weight: 1, locality: '', priority: 0, ...pod }
}

/** A cluster with these endpoints. */
export function cluster(id: string, ports: readonly number[], more: Partial<Cluster> = {}): Cluster {
  return {
    id,
    host: `${id}.default.svc.cluster.local`,
    namespace: 'default',
    serviceName: id,
    port: 80,
    subset: undefined,
    endpoints: ports.map((port) => endpoint(id, port)),
    ...PLAIN_SETTINGS,
    connectTimeout: 10_000,
    idleTimeout: IDLE,
    ...more
  }
}

function route(path: string, action: RouteAction): Route {
  const ref = { virtualService: 'default/shop', name: undefined, index: 0 }
  return { ref, path: { kind: 'prefix', value: path, ignoreCase: false }, headers: [], query: [], action }
}

const to = (id: string, more: Partial<Forward> = {}): Forward => ({ ...PLAIN_FORWARD, choices: [onlyChoice(id)], total: 1, ...more })

const RETRY: RetryPolicy = {
  attempts: 2,
  perTryTimeout: 0,
  on: ['5xx'],
  statuses: [],
  backoffBase: 5,
  backoffMax: 20,
  avoidTried: false
}

const ROUTES: readonly Route[] = [
  route('/retry', to('main', { retry: RETRY })),
  route('/slow-try', to('main', { retry: { ...RETRY, perTryTimeout: 1000 } })),
  route('/timeout', to('main', { timeout: 200 })),
  route('/mirror', to('main', { mirrors: [{ cluster: 'shadow', millionths: 1_000_000 }] })),
  route('/dead', to('dead')),
  route(
    '/weighted',
    to('main', {
      choices: [
        { ...onlyChoice('main'), weight: 90 },
        { ...onlyChoice('canary'), weight: 10 }
      ],
      total: 100
    })
  ),
  route('/abort', to('main', { fault: { delay: undefined, abort: { status: 503, grpc: undefined, millionths: 1_000_000 } } })),
  route('/delay', to('main', { fault: { delay: { millis: 20, millionths: 1_000_000 }, abort: undefined } })),
  route('/moved', {
    kind: 'redirect',
    status: 301,
    uri: '/there',
    prefixRewrite: undefined,
    authority: undefined,
    scheme: undefined,
    port: undefined,
    response: undefined
  }),
  route('/fixed', { kind: 'respond', status: 418, body: 'short and stout', response: undefined }),
  route('/main', to('main'))
]

/**
 * The table for these servers. Each version differs from the one before: one of the servers of `main` may be left out, and a cluster that
 * nobody calls has a new name.
 */
export function mixedTable(version: number, called: ReadonlyMap<string, readonly Called[]>): RouteTable {
  const ports = (name: string): number[] => (called.get(name) ?? []).map(({ port }) => port)
  const clusters = [
    cluster(
      'main',
      ports('main').filter((_, at) => version % 3 === 1 || at === version % 2)
    ),
    cluster('canary', ports('canary')),
    cluster('shadow', ports('shadow')),
    // Nothing listens there.
    cluster('dead', [1]),
    cluster(`passing-${version}`, [1])
  ]
  return {
    version,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: { 'gateway|80': { id: 'gateway|80', kind: 'gateway', port: 80, namespace: '', tls: false, hosts: { [HOST]: 'shop' } } },
    entries: { shop: { id: 'shop', version, host: HOST, httpsRedirect: false, routes: ROUTES } },
    clusters: Object.fromEntries(clusters.map((one) => [one.id, one]))
  }
}
