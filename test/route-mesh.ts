// A small mesh for tests of routing and linting: Services with pods and slices in one call, the guides' manifests by number, and requests
// as plain objects.

import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../src/api/object.ts'
import { compileRoutes } from '../src/route/compile-routes.ts'
import { decide } from '../src/route/decide.ts'
import type { Decision } from '../src/route/decision.ts'
import { meshConfigOf } from '../src/route/mesh-objects.ts'
import type { RequestFacts } from '../src/route/request-facts.ts'
import { gatewayScope, meshScope } from '../src/route/route-table.ts'
import { prepare } from '../src/route/router.ts'
import type { Router } from '../src/route/router.ts'
import type { Draw } from '../src/std/draw.ts'
import { manifestPath } from './guides.ts'

/** Objects of a YAML text, aged in order of appearance. */
export function objectsOf(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document, index) => {
    const object = document.toJS() as KubeObject | null
    if (object === null) return []
    const creationTimestamp = `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`
    return [{ ...object, metadata: { creationTimestamp, ...object.metadata } }]
  })
}

/** The text of a Gateway for plain HTTP on all hosts, in the namespace default. */
export function gatewayText({ name = 'g', port = 80, selector = 'istio: ingress' } = {}): string {
  return `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: default}
spec:
  selector: {${selector}}
  servers: [{port: {number: ${port}, name: http, protocol: HTTP}, hosts: ['*']}]
`
}

/** The objects of a guide's manifest by its number, e.g. 02. */
export function manifest(number: string): KubeObject[] {
  return objectsOf(readFileSync(manifestPath(number), 'utf8'))
}

interface Deployed {
  readonly name: string
  /** Pods by version; a negative number makes pods that are not ready. */
  readonly versions: Readonly<Record<string, number>>
  readonly namespace?: string
  readonly port?: number
}

let made = 0

/** A Service `name` on `port` (9080), its pods with labels app and version, and their EndpointSlice. */
export function deployed({ name, versions, namespace = 'default', port = 9080 }: Deployed): KubeObject[] {
  const pods = Object.entries(versions).flatMap(([version, count]) =>
    Array.from({ length: Math.abs(count) }, (_, at) => {
      made += 1
      // Endpoints stand in the order of their addresses as text: so is that of their making.
      const address = `127.10.${100 + Math.floor(made / 100)}.${100 + (made % 100)}`
      return { name: `${name}-${version}-${at}`, version, address, ready: count > 0 }
    })
  )
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ name: 'http', port }] }
    },
    ...pods.map((pod) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: pod.name, namespace, labels: { app: name, version: pod.version } },
      status: { podIP: pod.address }
    })),
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
      ports: [{ name: 'http', port: 8080 }],
      endpoints: pods.map((pod) => ({
        addresses: [pod.address],
        conditions: { ready: pod.ready },
        targetRef: { kind: 'Pod', name: pod.name }
      }))
    }
  ]
}

/** A Router of the objects. */
export function routerOf(objects: readonly KubeObject[]): Router {
  return prepare(compileRoutes(meshConfigOf(objects)).table)
}

/** A request in the mesh, unless `gateway` is set. */
export interface TestRequest {
  readonly host: string
  readonly path?: string
  readonly method?: string
  /** A value, or one for each line. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly port?: number
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly gateway?: boolean
  readonly scheme?: 'http' | 'https'
}

/** The request as routing sees it; header names are given in any case. */
export function factsOf({ host, path = '/', method = 'GET', headers = {}, scheme = 'http' }: TestRequest): RequestFacts {
  const lines = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat()]))
  return {
    method,
    path,
    authority: host,
    scheme,
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name) => lines.get(name)?.join(name === 'cookie' ? '; ' : ','),
    lines: (name) => lines.get(name) ?? []
  }
}

/** What the router decides; mesh port 9080 and namespace default unless the request says otherwise. */
export function ask(router: Router, request: TestRequest, draw: Draw = () => 0): Decision {
  const { port = request.gateway === true ? 80 : 9080, namespace = 'default', labels = {} } = request
  const scope = request.gateway === true ? gatewayScope(port) : meshScope(router.sourceLabels, { namespace, labels }, port)
  return decide(router, scope, factsOf(request), draw)
}

/** The decision in one word: the cluster's subset (or its host's first label), `STATUS location`, or why there is no route. */
export function said(decision: Decision): string {
  switch (decision.kind) {
    case 'forward': {
      const [, , subset = '', host = ''] = decision.cluster.split('|')
      return subset === '' ? (host.split('.')[0] ?? '') : subset
    }
    case 'redirect':
      return `${decision.status} ${decision.location}`
    case 'respond':
      return `${decision.status} ${decision.body}`
    case 'no-route':
      return decision.because
  }
}
