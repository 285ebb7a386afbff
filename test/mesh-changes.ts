// Random changes of a small mesh whose objects have much to do with each other: for properties of whoever keeps something equal to it.

import fc from 'fast-check'
import type { KubeObject } from '../src/api/object.ts'
import { isObject } from '../src/std/json.ts'

/** An object that comes or changes, or one that goes. */
export interface MeshChange {
  readonly key: string
  readonly kind: string
  readonly object: KubeObject | undefined
}

const NAMESPACES = ['a', 'b', 'istio-system'] as const
const NAMES = ['web', 'api', 'db'] as const
const ISTIO = 'networking.istio.io/v1'

const name = fc.constantFrom(...NAMES)
const exportTo = fc.constantFrom(undefined, undefined, undefined, ['*'], ['.'], ['b'], ['a', 'b'])
const host = fc.constantFrom(
  'web',
  'api',
  'db.a.svc.cluster.local',
  'web.b.svc.cluster.local',
  'out.example',
  '*.example',
  '*.svc.cluster.local',
  '10.0.0.1'
)
const destination = fc.record({
  host,
  subset: fc.constantFrom(undefined, undefined, 'v1', 'v2'),
  port: fc.constantFrom(undefined, { number: 80 }, { number: 90 })
})

const rule = fc.record({
  match: fc.constantFrom(
    undefined,
    undefined,
    [{ uri: { prefix: '/x' } }],
    [{ sourceLabels: { app: 'web' } }],
    [{ sourceNamespace: 'a' }],
    [{ port: 80 }],
    [{ gateways: ['g'] }, { uri: { exact: '/y' } }]
  ),
  route: fc.array(fc.record({ destination, weight: fc.integer({ min: 0, max: 100 }) }), { minLength: 1, maxLength: 2 }),
  name: fc.constantFrom(undefined, 'one')
})
/** Those called db have no hosts: they are there to be delegated to. */
const LEAF = 'db'
const delegating = fc.record({ delegate: fc.record({ name: fc.constant(LEAF), namespace: fc.constantFrom(undefined, 'a') }) })
const broken = fc.constant({ redirect: { uri: '/z', redirectCode: 307, port: 1 }, rewrite: { uri: '/\n' } })

const virtualService = fc.record({
  hosts: fc.array(host, { minLength: 1, maxLength: 2 }),
  gateways: fc.constantFrom(undefined, undefined, ['g'], ['mesh', 'a/g']),
  exportTo,
  http: fc.array(fc.oneof({ weight: 8, arbitrary: rule }, { weight: 5, arbitrary: delegating }, { weight: 1, arbitrary: broken }), {
    maxLength: 3
  })
})
const policy = fc.constantFrom(
  undefined,
  { loadBalancer: { simple: 'RANDOM' } },
  { outlierDetection: {} },
  { loadBalancer: { consistentHash: { httpHeaderName: 'x' } } },
  { outlierDetection: {}, loadBalancer: { localityLbSetting: { failoverPriority: ['topology.kubernetes.io/region'] } } }
)
const destinationRule = fc.record({
  host,
  exportTo,
  trafficPolicy: policy,
  subsets: fc.constantFrom(
    undefined,
    [{ name: 'v1', labels: { version: 'v1' } }],
    [
      { name: 'v1', labels: { version: 'v1' } },
      { name: 'v2', labels: { version: 'v2' }, trafficPolicy: { loadBalancer: { simple: 'ROUND_ROBIN' } } }
    ]
  ),
  workloadSelector: fc.constantFrom(undefined, undefined, undefined, { matchLabels: { app: 'web' } })
})
const ports = fc.constantFrom(
  [{ name: 'http', port: 80, targetPort: 8080 }],
  [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'http-b', port: 90 }
  ],
  [{ name: 'tcp', port: 90 }],
  [{ name: 'any', port: 91 }]
)
const labels = fc.record({ app: name, version: fc.constantFrom('v1', 'v2') })
const zone = fc.constantFrom({}, { 'topology.kubernetes.io/region': 'r1' }, { 'topology.kubernetes.io/region': 'r2' })
const address = fc.constantFrom('11.0.0.1', '11.0.0.2', '11.0.0.3')

const SPECS: Readonly<Record<string, { readonly apiVersion: string; readonly make: fc.Arbitrary<Record<string, unknown>> }>> = {
  Namespace: { apiVersion: 'v1', make: fc.constant({}) },
  VirtualService: { apiVersion: ISTIO, make: virtualService.map((spec) => ({ spec })) },
  DestinationRule: { apiVersion: ISTIO, make: destinationRule.map((spec) => ({ spec })) },
  Service: {
    apiVersion: 'v1',
    make: fc
      .record({
        ports,
        clusterIP: fc.constantFrom('10.0.0.1', '10.0.0.2', 'None'),
        to: exportTo,
        external: fc.constantFrom(undefined, undefined, undefined, 'out.example'),
        selector: fc.constantFrom({ app: 'web' }, undefined)
      })
      .map(({ to, external, ...spec }) => ({
        annotations: to === undefined ? {} : { 'networking.istio.io/exportTo': to.join(',') },
        spec: external === undefined ? spec : { ...spec, type: 'ExternalName', externalName: external }
      }))
  },
  EndpointSlice: {
    apiVersion: 'discovery.k8s.io/v1',
    make: fc
      .record({
        service: name,
        endpoints: fc.array(fc.record({ address, ready: fc.boolean(), pod: fc.constantFrom(undefined, ...NAMES) }), { maxLength: 3 })
      })
      .map(({ service, endpoints }) => ({
        labels: { 'kubernetes.io/service-name': service },
        ports: [
          { name: 'http', port: 8080 },
          { name: 'any', port: 8081 }
        ],
        endpoints: endpoints.map((each) => ({
          addresses: [each.address],
          conditions: { ready: each.ready },
          ...(each.pod === undefined ? {} : { targetRef: { kind: 'Pod', name: each.pod } })
        }))
      }))
  },
  Pod: {
    apiVersion: 'v1',
    make: fc.record({ labels, zone, podIP: address, ready: fc.constantFrom('True', 'False') }).map((pod) => ({
      labels: { ...pod.labels, ...pod.zone },
      status: { podIP: pod.podIP, conditions: [{ type: 'Ready', status: pod.ready }] }
    }))
  },
  Gateway: {
    apiVersion: ISTIO,
    make: fc
      .record({
        hosts: fc.constantFrom(['*'], ['out.example'], ['./web.a.svc.cluster.local', '*.example']),
        port: fc.constantFrom(80, 81),
        httpsRedirect: fc.boolean()
      })
      .map(({ hosts, port, httpsRedirect }) => ({
        spec: {
          selector: { istio: 'ingressgateway' },
          servers: [{ hosts, port: { number: port, name: 'http', protocol: 'HTTP' }, ...(httpsRedirect ? { tls: { httpsRedirect } } : {}) }]
        }
      }))
  },
  ServiceEntry: {
    apiVersion: ISTIO,
    make: fc
      .record({
        hosts: fc.constantFrom(['out.example'], ['*.example'], ['out.example', 'other.example'], ['web.a.svc.cluster.local']),
        addresses: fc.constantFrom(undefined, ['10.0.0.1'], ['10.0.0.3']),
        ports: fc.constant([{ number: 80, name: 'http', protocol: 'HTTP' }]),
        resolution: fc.constantFrom('STATIC', 'DNS', 'NONE'),
        endpoints: fc.constantFrom(undefined, [{ address: '12.0.0.1', labels: { version: 'v1' } }]),
        workloadSelector: fc.constantFrom(undefined, undefined, { labels: { app: 'web' } }),
        exportTo
      })
      .map((spec) => ({ spec }))
  },
  WorkloadEntry: { apiVersion: ISTIO, make: fc.record({ address, labels }).map((spec) => ({ spec })) },
  Sidecar: {
    apiVersion: ISTIO,
    make: fc
      .record({
        egress: fc.constantFrom(
          undefined,
          [{ hosts: ['./*'] }],
          [{ hosts: ['a/web.a.svc.cluster.local'] }, { port: { number: 80 }, hosts: ['*/*'] }]
        ),
        outboundTrafficPolicy: fc.constantFrom(undefined, { mode: 'REGISTRY_ONLY' }),
        workloadSelector: fc.constantFrom(undefined, { labels: { app: 'api' } })
      })
      .map((spec) => ({ spec }))
  },
  EnvoyFilter: {
    apiVersion: 'networking.istio.io/v1alpha3',
    make: fc
      .constantFrom('SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY')
      .map((context) => ({ spec: { workloadSelector: { labels: { app: 'web' } }, configPatches: limitPatches(context) } }))
  }
}

function limitPatches(context: string): object[] {
  const limit = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    stat_prefix: 'limit',
    token_bucket: { max_tokens: 4, fill_interval: '60s' }
  }
  const name = 'envoy.filters.http.local_ratelimit'
  const listener = { filterChain: { filter: { subFilter: { name: 'envoy.filters.http.router' } } } }
  return [
    { applyTo: 'HTTP_FILTER', match: { context, listener }, patch: { operation: 'INSERT_BEFORE', value: { name, typed_config: limit } } },
    { applyTo: 'VIRTUAL_HOST', match: { context }, patch: { operation: 'MERGE', value: { typed_per_filter_config: { [name]: limit } } } }
  ]
}

function asLeaf({ spec }: Record<string, unknown>): Record<string, unknown> {
  return { spec: { ...(isObject(spec) ? spec : {}), hosts: undefined, gateways: undefined } }
}

function objectOf(
  kind: string,
  at: { readonly namespace: string; readonly name: string },
  made: Record<string, unknown>,
  age: number
): KubeObject {
  const { labels: own, annotations, ...rest } = made
  const metadata = {
    ...at,
    creationTimestamp: `2026-01-0${age}T00:00:00Z`,
    ...(own === undefined ? {} : { labels: own }),
    ...(annotations === undefined ? {} : { annotations })
  }
  // What comes from JSON has no undefined values.
  return JSON.parse(JSON.stringify({ apiVersion: SPECS[kind]?.apiVersion, kind, metadata, ...rest })) as KubeObject
}

const PLACES = NAMESPACES.flatMap((own) => NAMES.map((each) => ({ namespace: own as string, name: each as string })))
/** Where few are enough. */
const FIXED: Readonly<Record<string, typeof PLACES>> = {
  Gateway: [{ namespace: 'a', name: 'g' }],
  EnvoyFilter: [{ namespace: 'istio-system', name: 'limit' }]
}

const change = fc
  .constantFrom(...Object.keys(SPECS), 'VirtualService', 'VirtualService', 'Service', 'DestinationRule', 'EndpointSlice', 'Pod')
  .chain((kind) => {
    const at = fc.constantFrom(...(FIXED[kind] ?? PLACES))
    return fc.record({
      at,
      made: fc.option(SPECS[kind]?.make ?? fc.constant({}), { freq: 4, nil: undefined }),
      age: fc.integer({ min: 1, max: 3 }),
      kind: fc.constant(kind)
    })
  })
  .map(({ at, made, age, kind }): MeshChange => ({
    kind,
    key: `${kind} ${at.namespace}/${at.name}`,
    object: made === undefined ? undefined : objectOf(kind, at, kind === 'VirtualService' && at.name === LEAF ? asLeaf(made) : made, age)
  }))

/** Batches of changes, each to be seen at once. */
export const meshChanges: fc.Arbitrary<MeshChange[][]> = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), {
  minLength: 4,
  maxLength: 14
})
