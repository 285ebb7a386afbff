import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { deployed } from '../../test/route-mesh.ts'
import { type Leaf, leavesOf, nameOf, pathOf, pathsOf, treatmentOf, withValue, completed } from '../../test/schema-leaves.ts'
import { ACTED, unactedFields } from '../api/acted-on.ts'
import { destinationRuleSpec } from '../api/istio-destination-rule.ts'
import { gatewaySpec } from '../api/istio-gateway.ts'
import { serviceEntrySpec } from '../api/istio-service-entry.ts'
import { sidecarSpec } from '../api/istio-sidecar.ts'
import { virtualServiceSpec } from '../api/istio-virtual-service.ts'
import { workloadEntrySpec } from '../api/istio-workload-entry.ts'
import type { KubeObject } from '../api/object.ts'
import type { Schema } from '../api/schema.ts'
import { isObject } from '../std/json.ts'
import { ACTED_ON } from './acted-on.ts'
import { compileRoutes } from './compile-routes.ts'
import type { Compiled } from './compile-routes.ts'
import { meshConfigOf } from './mesh-objects.ts'

type Kind = keyof typeof ACTED_ON

const TO = { destination: { host: 'reviews' } }
const SHARES = [
  { ...TO, weight: 1 },
  { ...TO, weight: 2 }
]
const SPECS: Readonly<Record<Kind, Schema>> = {
  VirtualService: virtualServiceSpec,
  DestinationRule: destinationRuleSpec,
  Gateway: gatewaySpec,
  ServiceEntry: serviceEntrySpec,
  WorkloadEntry: workloadEntrySpec,
  Sidecar: sidecarSpec
}

/** A base at each level that a policy can stand at. */
function atLevels(field: string, policy: object): (readonly [string, unknown])[] {
  const ports = { portLevelSettings: [{ port: { number: 9080 }, ...policy }] }
  return [
    [`trafficPolicy.${field}`, { host: 'reviews', trafficPolicy: policy }],
    [`subsets.trafficPolicy.${field}`, { host: 'reviews', subsets: [{ name: 'v1', trafficPolicy: policy }] }],
    [`trafficPolicy.portLevelSettings.${field}`, { host: 'reviews', trafficPolicy: ports }],
    [`subsets.trafficPolicy.portLevelSettings.${field}`, { host: 'reviews', subsets: [{ name: 'v1', trafficPolicy: ports }] }]
  ]
}

/** What each field is put into: something complete in which it can make a difference. First prefix that fits. */
const BASES: Readonly<Record<Kind, readonly (readonly [string, unknown])[]>> = {
  VirtualService: [
    ['http.redirect', { hosts: ['reviews'], http: [{ redirect: { uri: '/x' } }] }],
    ['http.directResponse', { hosts: ['reviews'], http: [{ directResponse: { status: 200 } }] }],
    ['http.delegate', { hosts: ['reviews'], http: [{ delegate: { name: 'leaf' } }] }],
    [
      'http.rewrite.uriRegexRewrite.rewrite',
      { hosts: ['reviews'], http: [{ route: [TO], rewrite: { uriRegexRewrite: { match: '/a' } } }] }
    ],
    ['http.rewrite.uriRegexRewrite.match', { hosts: ['reviews'], http: [{ route: [TO], rewrite: { uriRegexRewrite: { rewrite: 'x' } } }] }],
    ['http.fault.abort.percentage', { hosts: ['reviews'], http: [{ route: [TO], fault: { abort: { httpStatus: 500 } } }] }],
    ['http.fault.abort', { hosts: ['reviews'], http: [{ route: [TO], fault: { abort: { percentage: { value: 50 } } } }] }],
    ['http.fault.delay.fixedDelay', { hosts: ['reviews'], http: [{ route: [TO], fault: { delay: { percent: 5 } } }] }],
    ['http.fault.delay', { hosts: ['reviews'], http: [{ route: [TO], fault: { delay: { fixedDelay: '1s' } } }] }],
    ['http.mirrors.percentage', { hosts: ['reviews'], http: [{ route: [TO], mirrors: [{ destination: { host: 'reviews' } }] }] }],
    ['http.mirrors', { hosts: ['reviews'], http: [{ route: [TO], mirrors: [{ destination: { host: 'reviews' } }] }] }],
    ['http.mirror', { hosts: ['reviews'], http: [{ route: [TO], mirror: { host: 'reviews' } }] }],
    ['http.match.ignoreUriCase', { hosts: ['reviews'], http: [{ match: [{ uri: { prefix: '/a' } }], route: [TO] }] }],
    ['http.retries', { hosts: ['reviews'], http: [{ route: [TO], retries: { attempts: 5 } }] }],
    [
      'http.route.weight',
      {
        hosts: ['reviews'],
        http: [
          {
            route: [
              { ...TO, weight: 1 },
              { ...TO, weight: 2 }
            ]
          }
        ]
      }
    ],
    ['tcp.route.weight', { hosts: ['db'], tcp: [{ route: SHARES }] }],
    ['tcp', { hosts: ['db'], tcp: [{ route: [TO] }] }],
    ['tls.route.weight', { hosts: ['secure'], tls: [{ match: [{ sniHosts: ['secure'] }], route: SHARES }] }],
    ['tls', { hosts: ['secure', 'a.example'], tls: [{ match: [{ sniHosts: ['secure'] }], route: [TO] }] }],
    ['', { hosts: ['reviews'], http: [{ route: [TO] }] }]
  ],
  DestinationRule: [
    ...atLevels('loadBalancer.warmup.', { loadBalancer: { warmup: { duration: '9s' } } }),
    ...atLevels('loadBalancer.localityLbSetting.enabled', {
      loadBalancer: { localityLbSetting: { distribute: [{ from: '*', to: { '*': 100 } }] } }
    }),
    ...atLevels('loadBalancer.localityLbSetting.distribute.from', {
      loadBalancer: { localityLbSetting: { distribute: [{ to: { far: 100 } }] } }
    }),
    ...atLevels('loadBalancer.localityLbSetting.distribute.to', {
      loadBalancer: { localityLbSetting: { distribute: [{ from: '*', to: { far: 1 } }] } }
    }),
    ...atLevels('loadBalancer.localityLbSetting', { outlierDetection: {} }),
    [
      'trafficPolicy.portLevelSettings.port',
      { host: 'reviews', trafficPolicy: { portLevelSettings: [{ port: { number: 1 }, loadBalancer: { simple: 'RANDOM' } }] } }
    ],
    [
      'subsets.trafficPolicy.portLevelSettings.port',
      {
        host: 'reviews',
        subsets: [{ name: 'v1', trafficPolicy: { portLevelSettings: [{ port: { number: 1 }, loadBalancer: { simple: 'RANDOM' } }] } }]
      }
    ],
    ['trafficPolicy.portLevelSettings', { host: 'reviews', trafficPolicy: { portLevelSettings: [{ port: { number: 9080 } }] } }],
    [
      'subsets.trafficPolicy.portLevelSettings',
      { host: 'reviews', subsets: [{ name: 'v1', trafficPolicy: { portLevelSettings: [{ port: { number: 9080 } }] } }] }
    ],
    ['', { host: 'reviews', subsets: [{ name: 'v1', labels: { version: 'v1' } }] }]
  ],
  Gateway: [['', { servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }]],
  ServiceEntry: [
    ['resolution', { hosts: ['api.example'], ports: [{ name: 'web', number: 80 }] }],
    [
      'endpoints.ports',
      { hosts: ['api.example'], ports: [{ name: 'probe', number: 80 }], resolution: 'STATIC', endpoints: [{ address: '1.1.1.1' }] }
    ],
    [
      'ports.name',
      {
        hosts: ['api.example'],
        ports: [{ name: 'web', number: 80 }],
        resolution: 'STATIC',
        endpoints: [{ address: '1.1.1.1', ports: { web: 81 } }]
      }
    ],
    ['', { hosts: ['api.example'], ports: [{ name: 'web', number: 80 }], resolution: 'STATIC', endpoints: [{ address: '1.1.1.1' }] }]
  ],
  WorkloadEntry: [['', { address: '1.1.1.1', labels: { app: 'x' } }]],
  Sidecar: [
    ['outboundTrafficPolicy', { outboundTrafficPolicy: {} }],
    ['egress.hosts', {}],
    ['', { egress: [{ hosts: ['elsewhere/*'] }] }]
  ]
}

/** Values where one of the right type does not say enough. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  'VirtualService http.redirect.redirectCode': [308],
  'VirtualService http.redirect.scheme': ['https'],
  'VirtualService http.corsPolicy.allowMethods': ['PUT'],
  'VirtualService http.directResponse.status': [201],
  'VirtualService http.fault.abort.httpStatus': [501],
  'VirtualService http.match.gateways': ['default/other'],
  'VirtualService gateways': ['default/gate'],
  'VirtualService http.fault.delay.fixedDelay': ['7s'],
  'VirtualService http.fault.abort.grpcStatus': ['UNAVAILABLE'],
  'VirtualService http.mirror.subset': ['v1'],
  'VirtualService http.mirrors.destination.subset': ['v1'],
  'VirtualService http.delegate.name': ['nobody'],
  'VirtualService http.delegate.namespace': ['elsewhere'],
  'VirtualService http.retries.retryOn': ['reset', '503'],
  'VirtualService http.route.destination.subset': ['v1'],
  'VirtualService http.rewrite.uriRegexRewrite.match': ['/a'],
  'VirtualService tcp.match.destinationSubnets': ['10.0.0.0/8'],
  'VirtualService tls.match.destinationSubnets': ['10.0.0.0/8'],
  'VirtualService tls.match.sniHosts': ['a.example'],
  'DestinationRule trafficPolicy.portLevelSettings.port.number': [9080],
  'DestinationRule subsets.trafficPolicy.portLevelSettings.port.number': [9080],
  'Gateway servers.port.protocol': ['HTTPS', 'TCP', 'GRPC', 'HTTP2', 'TLS', 'MONGO'],
  'Gateway servers.hosts': ['a.example'],
  'WorkloadEntry address': ['2.2.2.2', 'unix:///x'],
  'WorkloadEntry labels.probe': ['x'],
  'Sidecar egress.port.protocol': ['TCP'],
  'ServiceEntry endpoints.address': ['2.2.2.2', 'unix:///x'],
  'ServiceEntry endpoints.labels.probe': ['x'],
  'ServiceEntry addresses': ['10.1.1.1'],
  'ServiceEntry ports.protocol': ['TCP', 'GRPC', 'HTTP2', 'TLS']
}

/** Values that mean the same as leaving the field out. */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  simple: ['UNSPECIFIED', 'LEAST_CONN', 'LEAST_REQUEST'],
  h2UpgradePolicy: ['DEFAULT', 'DO_NOT_UPGRADE'],
  unmatchedPreflights: ['UNSPECIFIED', 'FORWARD'],
  derivePort: ['FROM_PROTOCOL_DEFAULT'],
  resolution: ['NONE'],
  captureMode: ['DEFAULT'],
  mode: ['DISABLE', 'REGISTRY_ONLY']
}

function valuesOf(kind: Kind, leaf: Leaf): readonly unknown[] {
  const listed = VALUES[`${kind} ${nameOf(leaf)}`]
  if (listed !== undefined) return listed
  const { schema } = leaf
  if (schema.enum !== undefined) return schema.enum
  if (schema.type === 'integer' || schema.type === 'number') return [7]
  if (schema.type === 'boolean') return /^(retryIgnore|enabled$)/.test(String(leaf.steps.at(-1))) ? [false] : [true]
  if (schema.format === 'byte') return ['YQ==']
  return /timeout|interval|duration|backoff|time$|ttl|age$/i.test(String(leaf.steps.at(-1))) ? ['7s'] : ['probe']
}

function compiled(kind: Kind, spec: unknown): Compiled {
  const object = (of: Kind, name: string, content: unknown): KubeObject => ({
    apiVersion: 'networking.istio.io/v1',
    kind: of,
    metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: content
  })
  const around: Readonly<Record<Kind, readonly KubeObject[]>> = {
    VirtualService: [
      object('DestinationRule', 'reviews', { host: 'reviews', subsets: [{ name: 'v1', labels: { version: 'v1' } }] }),
      object('VirtualService', 'leaf', { http: [{ route: [TO] }] }),
      service('db', { name: 'tcp', port: 9080 }, '127.50.0.1'),
      service('secure', { name: 'tls', port: 9080 }, '127.50.0.2'),
      object('Gateway', 'gate', { servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] })
    ],
    DestinationRule: [],
    Gateway: [object('VirtualService', 'all', { hosts: ['a.example', 'b.example'], gateways: ['probe'], http: [{ route: [TO] }] })],
    WorkloadEntry: [
      object('DestinationRule', 'api', { host: 'api.example', subsets: [{ name: 'x', labels: { probe: 'x' } }] }),
      object('ServiceEntry', 'api', {
        hosts: ['api.example'],
        ports: [{ name: 'probe', number: 80 }],
        resolution: 'STATIC',
        workloadSelector: { labels: { app: 'x' } }
      })
    ],
    Sidecar: [],
    ServiceEntry: [object('DestinationRule', 'api', { host: 'api.example', subsets: [{ name: 'x', labels: { probe: 'x' } }] })]
  }
  return compileRoutes(meshConfigOf([...REVIEWS, ...around[kind], object(kind, 'probe', spec)]))
}

function service(name: string, port: object, clusterIP: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { clusterIP, ports: [port] } }
}

// The pods of v1 say where they are.
const REVIEWS = [
  ...deployed({ name: 'reviews', versions: { v1: 1, v2: 1 } }).map((each) =>
    each.kind === 'Pod' && each.metadata.labels?.['version'] === 'v1'
      ? { ...each, metadata: { ...each.metadata, labels: { ...each.metadata.labels, 'istio-locality': 'probe' } } }
      : each
  ),
  ...['default', 'elsewhere'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
]

/** `acted on` when the field changes what is compiled, `named` when it is told of, `refused` when its rule cannot be, else `ignored`. */
function probe(kind: Kind, leaf: Leaf, value: unknown): string {
  const [, base] = BASES[kind].find(([prefix]) => nameOf(leaf).startsWith(prefix)) ?? ['', {}]
  const without = compiled(kind, completed(SPECS[kind], base))
  const set = compiled(kind, completed(SPECS[kind], withValue(base, leaf.steps, value)))
  const path = pathOf(leaf.steps)
  const named = set.problems.some((each) => each.code === 'not-applied-yet' && path.startsWith(each.path))
  if (named) return 'named'
  // A refused rule changes the table too: what was in force stays.
  if (set.problems.some(({ istio, object }) => istio === 'IST0106' && object.kind === 'VirtualService')) return 'refused'
  return JSON.stringify(set.table) === JSON.stringify(without.table) ? 'ignored' : 'acted on'
}

const KINDS: readonly Kind[] = ['VirtualService', 'DestinationRule', 'Gateway', 'ServiceEntry', 'WorkloadEntry', 'Sidecar']

describe.each(KINDS)('%s', (kind) => {
  const leaves = leavesOf(SPECS[kind])

  test('every field of the schema that is not named changes what is compiled, or says why there is nothing to do', () => {
    const ignored: string[] = []
    for (const leaf of leaves) {
      const treatment = treatmentOf(ACTED_ON[kind], leaf.steps)
      if (isObject(treatment) && 'idle' in treatment) continue
      for (const value of valuesOf(kind, leaf)) {
        if (DEFAULTS[String(leaf.steps.at(-1))]?.includes(value) === true) continue
        const found = probe(kind, leaf, value)
        if (found === 'ignored' || found === 'refused') ignored.push(`${nameOf(leaf)} = ${JSON.stringify(value)}: ${found}`)
      }
    }
    expect(ignored).toEqual([])
  })

  test('what the table says is acted on is not named, and what it leaves out is', () => {
    const wrong: string[] = []
    for (const leaf of leaves) {
      const treatment = treatmentOf(ACTED_ON[kind], leaf.steps)
      const [value] = valuesOf(kind, leaf)
      const spec = withValue({}, leaf.steps, value)
      const named = unactedFields(ACTED_ON[kind], spec, 'spec').length > 0
      if (treatment === undefined && !named) wrong.push(`${nameOf(leaf)} is not named`)
      if (treatment === ACTED && named) wrong.push(`${nameOf(leaf)} is named`)
    }
    expect(wrong).toEqual([])
  })

  test('the table has no field that the schema does not have', () => {
    const names = leaves.map(nameOf)
    expect(pathsOf(ACTED_ON[kind]).filter((path) => !names.some((name) => name === path || name.startsWith(`${path}.`)))).toEqual([])
  })
})

test('everything that is compiled is read by the data plane', () => {
  const read = ['src/proxy', 'src/route']
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter(
      (path) =>
        path.startsWith('src/proxy') ||
        /(decide|router|retry|balance|matching|header-edits|path|cors|fault|hash[a-z-]*|ring-hash|host-sets|cluster-state|format[a-z-]*|locality|outlier|rate-limit[a-z-]*)\.ts$/.test(
          path
        )
    )
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(path, 'utf8').replaceAll(/\/\/.*|\/\*[^]*?\*\//g, ''))
    .join('\n')
  const types = ['route-table.ts', 'decision.ts'].map((name) => readFileSync(join('src/route', name), 'utf8')).join('\n')
  const fields = new Set([...types.matchAll(/readonly ([a-zA-Z0-9]+)\??:/g)].map(([, name = '']) => name))
  expect(fields.size).toBeGreaterThan(60)
  // Told to people, and read by cli/listeners.ts.
  const elsewhere = ['subset', 'tls']
  // Being built: leaves with the module that reads it.
  expect([...fields].filter((field) => !elsewhere.includes(field) && !new RegExp(`\\b${field}\\b`).test(read))).toEqual([])
})
