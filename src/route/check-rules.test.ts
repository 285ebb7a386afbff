import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import {
  checkDestinationRule,
  checkGateway,
  checkService,
  checkServiceEntry,
  checkVirtualService,
  checkWritten,
  WrittenChecks,
  carriesBytes,
  isHttps,
  routesHttp
} from './check-rules.ts'
import type { VirtualService } from '../api/istio-virtual-service.ts'
import { meshConfigOf } from './mesh-objects.ts'

function config(kind: string, spec: string): ReturnType<typeof meshConfigOf> {
  const full = kind === 'VirtualService' ? spec.replace('{', '{hosts: [a], ') : spec
  return meshConfigOf(objectsOf(`apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: x}\nspec: ${full}\n`))
}

test('what Istio refuses is an error with its code, its place and the code of istioctl', () => {
  const spec = '{http: [{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}}], timeout: soon}]}'
  const problems = config('VirtualService', spec).virtualServices.flatMap(checkWritten)
  expect(problems).toMatchObject([
    {
      code: 'weights-zero',
      severity: 'error',
      path: 'spec.http[0].route',
      istio: 'IST0106',
      object: { kind: 'VirtualService', name: 'x' }
    },
    { code: 'bad-duration', path: 'spec.http[0].timeout' }
  ])
})

test('a header value with a command that Envoy does not know is an error; one that Istio refuses is told once, by Istio', () => {
  const rule = (value: string): VirtualService[] => [
    ...config('VirtualService', `{http: [{headers: {request: {set: {t: "${value}"}}}, route: [{destination: {host: a}}]}]}`).virtualServices
  ]
  const unknown = rule('%NO_SUCH_WORD%')
  expect(unknown.flatMap(checkVirtualService)).toMatchObject([
    { code: 'unknown-command', severity: 'error', path: 'spec.http[0].headers.request.set["t"]' }
  ])
  expect(unknown.flatMap(checkWritten)).toEqual([])
  expect([
    rule('50%').flatMap(checkVirtualService),
    rule('50%')
      .flatMap(checkWritten)
      .map(({ code }) => code)
  ]).toEqual([[], ['bad-header-value']])
})

test('weights and claims that Istio takes and Envoy refuses are errors', () => {
  const check = (rule: string): string[] =>
    config('VirtualService', `{http: [{${rule}}]}`)
      .virtualServices.flatMap(checkVirtualService)
      .filter(({ severity }) => severity === 'error')
      .map(({ code, path }) => `${code} ${path}`)
  const route = (weight: number): string =>
    `route: [{destination: {host: a}, weight: ${weight}}, {destination: {host: b}, weight: 2147483647}]`
  expect(check(route(2147483647))).toEqual([])
  expect(check(`route: [{destination: {host: c}, weight: 2}, ${route(2147483647).slice(8)}`)).toEqual([
    'weights-too-large spec.http[0].route'
  ])
  const claim = (value: string): string => `match: [{headers: {"@request.auth.claims.a": ${value}}}], route: [{destination: {host: a}}]`
  expect(check(claim('{}'))).toEqual(['claim-without-value spec.http[0].match[0].headers["@request.auth.claims.a"]'])
  expect(check(claim('{exact: b}'))).toEqual([])
})

test('what was said of an object is remembered, of another one like it is not', () => {
  const checks = new WrittenChecks()
  const [rule] = config('VirtualService', '{http: []}').virtualServices
  const again = rule === undefined ? [] : [checks.of(rule), checks.of(rule), checks.of({ ...rule }), checkWritten(rule)]
  expect(again[1]).toBe(again[0])
  expect(again[2]).not.toBe(again[0])
  expect(again[2]).toEqual(again[3])
})

test('a redirect with a code that Istio takes and Envoy cannot answer is an error', () => {
  const check = (code: number): string[] =>
    config('VirtualService', `{http: [{redirect: {uri: /x, redirectCode: ${code}}}]}`)
      .virtualServices.flatMap(checkVirtualService)
      .map((each) => `${each.severity} ${each.code} ${each.path}`)
  expect(check(305)).toEqual(['error bad-redirect-code spec.http[0].redirect.redirectCode'])
  expect([check(0), check(308), check(200)]).toEqual([[], [], []])
})

test('a text that would end its line in a head is an error where it stands', () => {
  const paths = config(
    'VirtualService',
    String.raw`{http: [{rewrite: {uri: "/a\r\nx: y", authority: "a\nb"}}, {redirect: {uri: "/a\0", authority: "é"}}]}`
  )
    .virtualServices.flatMap(checkVirtualService)
    .map(({ severity, code, path }) => `${severity} ${code} ${path}`)
  expect(paths).toEqual([
    'error breaks-head spec.http[0].rewrite.uri',
    'error breaks-head spec.http[0].rewrite.authority',
    'error breaks-head spec.http[1].redirect.uri'
  ])
})

test.each([
  [
    '{http: [{fault: {delay: {exponentialDelay: 1s}, abort: {http2Error: x}}, route: [{destination: {host: a}}]}]}',
    ['spec.http[0].fault.delay.exponentialDelay', 'spec.http[0].fault.abort.http2Error']
  ],
  ['{http: [{match: [{statPrefix: x}], route: [{destination: {host: a}}]}]}', ['spec.http[0].match[0].statPrefix']],
  [
    '{http: [{headers: {request: {set: {Content-Length: "5", t: "%START_TIME%"}}}, route: [{destination: {host: a}}]}]}',
    ['spec.http[0].headers.request.set["Content-Length"]']
  ],
  [
    '{tcp: [{match: [{sourceLabels: {app: a}, sourceSubnet: 10.0.0.0/8}]}], tls: [{match: [{sourceNamespace: a, sniHosts: [b]}]}]}',
    ['spec.tcp[0].match[0].sourceLabels', 'spec.tls[0].match[0].sourceNamespace']
  ]
])('%s: fields not applied yet are named', (spec, paths) => {
  const problems = config('VirtualService', spec).virtualServices.flatMap(checkVirtualService)
  expect(problems.map(({ code, path }) => [code, path])).toEqual(paths.map((path) => ['not-applied-yet', path]))
})

test('words on the access log that mean nothing are named, and rules that are not there', () => {
  const [virtualService] = config('VirtualService', '{http: [{name: a, route: [{destination: {host: a}}]}]}').virtualServices
  const annotations = { 'serin.dev/access-log': 'a=off, b=on, maybe' }
  const annotated = virtualService === undefined ? [] : [{ ...virtualService, metadata: { ...virtualService.metadata, annotations } }]
  expect(annotated.flatMap(checkVirtualService).map(({ code, message }) => [code, message.split('"')[1]])).toEqual([
    ['bad-log-word', 'maybe'],
    ['log-rule-not-found', 'b']
  ])
})

test('a DestinationRule names what is not applied, at every level', () => {
  const spec = `{host: a, trafficPolicy: {connectionPool: {tcp: {tcpKeepalive: {probes: 3}}}, portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]},
    subsets: [{name: v1, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}, {name: v1}]}`
  expect(
    config('DestinationRule', spec)
      .destinationRules.flatMap(checkDestinationRule)
      .map(({ path }) => path)
  ).toEqual(['spec.trafficPolicy.connectionPool.tcp.tcpKeepalive.probes', 'spec.trafficPolicy.portLevelSettings[0].tls'])
})

test('a Gateway names servers that are neither plain HTTP nor plain bytes, whether their rules are compiled or not', () => {
  const server = (number: number, protocol: string, tls: string): string =>
    `{port: {number: ${number}, name: p${number}, protocol: ${protocol}}, hosts: ['*']${tls}}`
  const servers = [
    server(80, 'HTTP', ', bind: 127.0.0.1'),
    server(443, 'HTTPS', ', tls: {mode: SIMPLE}'),
    server(444, 'HTTPS', ', tls: {}'),
    server(9000, 'TCP', ''),
    server(9001, 'TLS', ', tls: {}'),
    server(81, 'http', ', tls: {httpsRedirect: true}'),
    server(82, 'GRPC', '')
  ]
  const [gateway] = config('Gateway', `{selector: {istio: ingressgateway}, servers: [${servers.join(', ')}]}`).gateways
  expect(gateway?.spec.servers?.map(routesHttp)).toEqual([true, true, false, false, false, true, true])
  expect(gateway?.spec.servers?.map(isHttps)).toEqual([false, true, true, false, false, false, false])
  expect(gateway?.spec.servers?.map(carriesBytes)).toEqual([false, false, false, true, false, false, false])
  expect(gateway === undefined ? [] : checkGateway(gateway).map(({ path }) => path)).toEqual([
    'spec.servers[0].bind',
    'spec.servers[1]',
    'spec.servers[2]',
    'spec.servers[4]',
    'spec.servers[6]'
  ])
})

test('a Gateway for other proxies than the default ones is named: it is served all the same', () => {
  const [note] = config('Gateway', '{selector: {istio: ingress}}').gateways.flatMap(checkGateway)
  expect(note).toMatchObject({ code: 'not-applied-yet', path: 'spec.selector' })
  expect(config('Gateway', '{selector: {istio: ingressgateway}}').gateways.flatMap(checkGateway)).toEqual([])
})

test('a ServiceEntry names sockets and ports that carry no HTTP/1.1', () => {
  const spec = `{hosts: [a.example], addresses: [10.0.0.1, 10.0.0.0/8], endpoints: [{address: 'unix:///x'}, {address: 1.1.1.1}],
    ports: [{name: a, number: 80, protocol: HTTP}, {name: b, number: 443, protocol: TLS}, {name: c, number: 90, protocol: GRPC}]}`
  const paths = config('ServiceEntry', spec)
    .serviceEntries.flatMap(checkServiceEntry)
    .map(({ path }) => path)
  expect(paths).toEqual(['spec.ports[1].protocol', 'spec.ports[2].protocol', 'spec.endpoints[0].address'])
})

test.each([
  ['{port: 80, name: http}', []],
  ['{port: 80}', []],
  ['{port: 80, name: web, appProtocol: http}', []],
  ['{port: 6379, name: redis}', []],
  ['{port: 443, name: https}', []],
  ['{port: 53, name: http, protocol: UDP}', ['spec.ports[0]']],
  ['{port: 90, name: grpc-api}', ['spec.ports[0]']],
  ['{port: 90, name: a, appProtocol: kubernetes.io/h2c}', ['spec.ports[0]']]
])('a Service port %s: %o', (port, paths) => {
  const service = (extra: string): string => `apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {${extra}ports: [${port}]}\n`
  const check = (extra: string): string[] =>
    meshConfigOf(objectsOf(service(extra)))
      .services.flatMap(checkService)
      .map(({ path }) => path)
  expect(check('')).toEqual(paths)
  expect(check('clusterIP: None, ')).toEqual([])
})

test('of a Service the types, addresses and affinities that have no effect are named, what the API fills in is not', () => {
  const check = (spec: string): string[] =>
    meshConfigOf(objectsOf(`apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: ${spec}\n`))
      .services.flatMap(checkService)
      .map(({ path }) => path)
  const filled =
    'clusterIP: 127.96.0.1, clusterIPs: [127.96.0.1], internalTrafficPolicy: Cluster, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, sessionAffinity: None, type: ClusterIP'
  expect(check(`{${filled}, selector: {a: b}, ports: [{port: 80, targetPort: 8080, protocol: TCP}]}`)).toEqual([])
  expect(check('{type: ExternalName, externalName: a.example}')).toEqual([])
  expect(check('{type: NodePort, externalTrafficPolicy: Cluster, ports: [{port: 80, nodePort: 30000}]}')).toEqual(['spec.type'])
  expect(check('{type: LoadBalancer, allocateLoadBalancerNodePorts: true, loadBalancerIP: 1.1.1.1}')).toEqual([
    'spec.type',
    'spec.loadBalancerIP'
  ])
  expect(check('{clusterIP: None, sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 9}}}')).toEqual([
    'spec.sessionAffinity'
  ])
  const own = 'apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes}\nspec: {ports: [{name: https, port: 443}]}\n'
  expect(meshConfigOf(objectsOf(own)).services.flatMap(checkService)).toEqual([])
  expect(check('{externalIPs: [1.1.1.1], ipFamilies: [IPv4, IPv6]}')).toEqual(['spec.externalIPs', 'spec.ipFamilies[1]'])
})
