// The rules of the proxy bench: 20 hosts, and for the one that is called four routes of which the last takes everything by weight, with a
// timeout and retries; three endpoints, all of them the one backend, chosen by least request.

import type { Cluster, HostEntry, Route, RouteTable } from '../src/route/route-table.ts'
import { PLAIN_FORWARD, PLAIN_SETTINGS, onlyChoice } from '../src/route/plain.ts'

const HOST = 'reviews.default.svc.cluster.local'
const RETRY = {
  attempts: 2,
  perTryTimeout: 0,
  on: ['connect-failure', '5xx'],
  statuses: [],
  backoffBase: 25,
  backoffMax: 250,
  avoidTried: true
}

function cluster(id: string, version: string, port: number): Cluster {
  const endpoints = ['a', 'b', 'c'].map((pod) => ({
    address: '127.0.0.1',
    port,
    weight: 1,
    locality: '',
    priority: 0,
    pod: `${version}-${pod}`,
    namespace: 'default',
    workload: `reviews-${version}`,
    app: 'reviews',
    version
  }))
  return {
    id,
    host: HOST,
    namespace: 'default',
    serviceName: 'reviews',
    port: 80,
    subset: version,
    endpoints,
    ...PLAIN_SETTINGS
  }
}

function route(index: number, more: Partial<Route>, weights: readonly (readonly [id: string, weight: number])[]): Route {
  return {
    ref: { virtualService: 'default/reviews', name: undefined, index },
    path: { kind: 'any' },
    headers: [],
    query: [],
    ...more,
    action: {
      ...PLAIN_FORWARD,
      choices: weights.map(([id, weight]) => ({ ...onlyChoice(id), weight })),
      total: weights.reduce((sum, [, weight]) => sum + weight, 0),
      timeout: 15_000,
      retry: RETRY
    }
  }
}

/** The table of the bench; every destination is the backend on `port`. */
export function benchTable(port: number): RouteTable {
  const routes = [
    route(0, { path: { kind: 'prefix', value: '/admin/', ignoreCase: false } }, [['v1', 1]]),
    route(1, { headers: [{ name: 'x-canary', invert: false, test: { kind: 'exact', value: 'always' } }] }, [['v2', 1]]),
    route(2, { headers: [{ name: 'user-agent', invert: false, test: { kind: 'prefix', value: 'curl/' } }] }, [['v1', 1]]),
    route(3, {}, [
      ['v1', 90],
      ['v2', 10]
    ])
  ]
  const entries: Record<string, HostEntry> = {}
  const hosts: Record<string, string> = {}
  for (let at = 0; at < 20; at++) {
    const host = at === 0 ? HOST : `other-${at}.default.svc.cluster.local`
    entries[host] = { id: host, version: 1, host, httpsRedirect: false, routes }
    hosts[host] = host
  }
  hosts['*'] = HOST
  return {
    version: 1,
    sourceLabels: [],
    limits: {},
    inbound: {},
    scopes: { 'gateway|80': { id: 'gateway|80', kind: 'gateway', port: 80, namespace: '', tls: false, hosts } },
    entries,
    clusters: { v1: cluster('v1', 'v1', port), v2: cluster('v2', 'v2', port) }
  }
}
