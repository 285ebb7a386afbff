// The rules of the benches as Istio objects: 20 VirtualServices of ten hosts each, all alike. Four routes, of which two ask for headers, then
// 90/10 by weight over two subsets of three endpoints each; 15 s timeout, two retries, least request, outlier detection.

import type { KubeObject } from '../src/api/object.ts'
import { compileRoutes } from '../src/route/compile-routes.ts'
import { meshConfigOf } from '../src/route/mesh-objects.ts'
import type { RouteTable } from '../src/route/route-table.ts'
import { ADDRESSES } from './lib/backend.ts'

/** The host that is asked for. */
export const CALLED = 'reviews.default.svc.cluster.local'
/** How many VirtualServices there are, and hosts in each. */
export const SERVICES = 20
export const HOSTS_EACH = 10

const ISTIO = 'networking.istio.io/v1'
const VERSIONS = ['v1', 'v2']

/** The names of the Services; the called one is the first. */
export const NAMES: readonly string[] = Array.from({ length: SERVICES }, (_, at) => (at === 0 ? 'reviews' : `other-${at}`))

/** The hosts of one VirtualService. */
export function hostsOf(name: string): string[] {
  return Array.from({ length: HOSTS_EACH }, (_, at) => (at === 0 ? `${name}.default.svc.cluster.local` : `${name}-${at}.example.com`))
}

/** The table that the objects compile to; every endpoint has the given port. */
export function compiledRules(port: number): RouteTable {
  return compileRoutes(meshConfigOf(benchObjects(port))).table
}

/** All objects of the bench. */
export function benchObjects(port: number): KubeObject[] {
  const server = { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }
  const gateway = { apiVersion: ISTIO, kind: 'Gateway', metadata: named('gateway'), spec: { servers: [server] } }
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }, gateway, ...NAMES.flatMap((name) => service(name, port))]
}

const named = (name: string, labels: Readonly<Record<string, string>> = {}): KubeObject['metadata'] => ({
  name,
  namespace: 'default',
  labels,
  creationTimestamp: '2026-01-01T00:00:00Z'
})

function service(name: string, port: number): KubeObject[] {
  const pods = ADDRESSES.map((address, at) => ({ name: `${name}-${at}`, address, version: VERSIONS[Math.floor(at / 3)] ?? '' }))
  const host = `${name}.default.svc.cluster.local`
  const outlierDetection = { consecutive5xxErrors: 5, interval: '10s', baseEjectionTime: '30s' }
  const trafficPolicy = { loadBalancer: { simple: 'LEAST_REQUEST' }, outlierDetection }
  const subsets = VERSIONS.map((version) => ({ name: version, labels: { version } }))
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: named(name),
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] }
    },
    ...pods.map((pod) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: named(pod.name, { app: name, version: pod.version }),
      status: { podIP: pod.address }
    })),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: named(`${name}-1`, { 'kubernetes.io/service-name': name }),
      ports: [{ name: 'http', port }],
      endpoints: pods.map((pod) => ({
        addresses: [pod.address],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', name: pod.name, namespace: 'default' }
      }))
    },
    { apiVersion: ISTIO, kind: 'DestinationRule', metadata: named(name), spec: { host, trafficPolicy, subsets } },
    {
      apiVersion: ISTIO,
      kind: 'VirtualService',
      metadata: named(name),
      spec: { hosts: hostsOf(name), gateways: ['gateway'], http: rules(host) }
    }
  ]
}

function rules(host: string): object[] {
  const to = (subset: string, weight?: number): object => ({ destination: { host, subset }, ...(weight === undefined ? {} : { weight }) })
  const rule = (match: object | undefined, route: readonly object[]): object => ({
    ...(match === undefined ? {} : { match: [match] }),
    route,
    timeout: '15s',
    retries: { attempts: 2, retryOn: 'connect-failure,refused-stream,5xx' }
  })
  return [
    rule({ uri: { prefix: '/admin/' } }, [to('v1')]),
    rule({ uri: { prefix: '/' }, headers: { 'x-canary': { exact: 'always' } } }, [to('v2')]),
    rule({ headers: { 'user-agent': { prefix: 'curl/' } } }, [to('v1')]),
    rule(undefined, [to('v1', 90), to('v2', 10)])
  ]
}
