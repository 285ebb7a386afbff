// Objects of a large mesh: hosts with an endpoint and five routes each, spread over namespaces as teams have them.

import type { KubeObject } from '../src/api/object.ts'

const ISTIO = 'networking.istio.io/v1'
/** Hosts of one namespace. */
const TEAM = 100

/** Namespace of the host at a place. */
export function teamOf(at: number): string {
  return `team-${Math.floor(at / TEAM)}`
}

function meta(
  at: number,
  name: string
): { readonly name: string; readonly namespace: string; readonly resourceVersion: string; readonly creationTimestamp: string } {
  return { name, namespace: teamOf(at), resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
}

/** The Service of a host. */
export function hostService(at: number): KubeObject {
  const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }]
  const clusterIP = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(at, `host-${at}`),
    spec: { selector: { app: `host-${at}` }, ports, clusterIP }
  }
}

/** Its pod. */
export function hostPod(at: number, version = '1'): KubeObject {
  const metadata = { ...meta(at, `host-${at}-0`), resourceVersion: version, labels: { app: `host-${at}`, version: 'v1' } }
  const podIP = `11.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
  const status = { phase: 'Running', podIP, conditions: [{ type: 'Ready', status: 'True' }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, status }
}

/** Its EndpointSlice. */
export function hostSlice(at: number, ready = true, version = '1'): KubeObject {
  const metadata = { ...meta(at, `host-${at}-x`), resourceVersion: version, labels: { 'kubernetes.io/service-name': `host-${at}` } }
  const address = `11.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
  const endpoints = [{ addresses: [address], conditions: { ready }, targetRef: { kind: 'Pod', name: `host-${at}-0` } }]
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, ports: [{ name: 'http', port: 8080 }], endpoints }
}

/** Its DestinationRule. */
export function hostRule(at: number): KubeObject {
  const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
  return { apiVersion: ISTIO, kind: 'DestinationRule', metadata: meta(at, `host-${at}`), spec: { host: `host-${at}`, subsets } }
}

/** Its VirtualService: five routes, the last of them split by weight. */
export function hostRules(at: number, weight = 90, version = '1'): KubeObject {
  const to = (subset: string): object => ({ destination: { host: `host-${at}`, subset } })
  const spec = {
    hosts: [`host-${at}`],
    http: [
      { match: [{ headers: { 'x-canary': { exact: 'yes' } } }], route: [to('v2')] },
      { match: [{ uri: { prefix: '/api/v1/' } }], route: [to('v1')], timeout: '5s' },
      { match: [{ uri: { exact: '/health' } }], route: [to('v1')], retries: { attempts: 3, perTryTimeout: '1s', retryOn: '5xx' } },
      { match: [{ uri: { regex: `/items/[0-9]+/${at}` } }], route: [to('v1')] },
      {
        route: [
          { ...to('v1'), weight },
          { ...to('v2'), weight: 100 - weight }
        ]
      }
    ]
  }
  return { apiVersion: ISTIO, kind: 'VirtualService', metadata: { ...meta(at, `host-${at}`), resourceVersion: version }, spec }
}

/** Namespaces of so many hosts. */
export function teams(hosts: number): KubeObject[] {
  const names = new Set(Array.from({ length: hosts }, (_, at) => teamOf(at)))
  return [...names].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, resourceVersion: '1' } }))
}

/** All objects of a mesh of so many hosts. */
export function meshObjects(hosts: number): KubeObject[] {
  const each = Array.from({ length: hosts }, (_, at) => at)
  return [...teams(hosts), ...each.flatMap((at) => [hostService(at), hostPod(at), hostSlice(at), hostRule(at), hostRules(at)])]
}
