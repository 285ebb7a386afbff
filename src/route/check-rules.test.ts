import { expect, test } from 'vitest'
import { objectsOf } from '../../test/route-mesh.ts'
import { checkDestinationRule, checkGateway, checkVirtualService, routesHttp } from './check-rules.ts'
import { meshConfigOf } from './mesh-objects.ts'

function config(kind: string, spec: string): ReturnType<typeof meshConfigOf> {
  return meshConfigOf(objectsOf(`apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: x}\nspec: ${spec}\n`))
}

test.each([
  ['{http: [{match: [{uri: {regex: "(?=a)"}}], route: [{destination: {host: a}}]}]}', 'bad-regex spec.http[0].match[0].uri.regex'],
  [
    '{http: [{match: [{headers: {x: {regex: "["}}}], route: [{destination: {host: a}}]}]}',
    'bad-regex spec.http[0].match[0].headers["x"].regex'
  ],
  ['{http: [{timeout: soon, route: [{destination: {host: a}}]}]}', 'bad-duration spec.http[0].timeout'],
  ['{http: [{match: [{uri: {prefix: /}}]}]}', 'no-action spec.http[0]'],
  ['{http: [{redirect: {redirectCode: 305}}]}', 'bad-redirect-code spec.http[0].redirect.redirectCode'],
  ['{http: [{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}}]}]}', 'weights-zero spec.http[0].route'],
  ['{http: [{route: [{destination: {host: a}, weight: -1}]}]}', 'weight-negative spec.http[0].route[0].weight'],
  [
    '{http: [{rewrite: {uriRegexRewrite: {match: "(", rewrite: x}}, route: [{destination: {host: a}}]}]}',
    'bad-regex spec.http[0].rewrite.uriRegexRewrite.match'
  ]
])('%s is an error: %s', (spec, wanted) => {
  const problems = config('VirtualService', spec).virtualServices.flatMap(checkVirtualService)
  expect(problems.map(({ code, severity, path }) => `${severity} ${code} ${path}`)).toEqual([`error ${wanted}`])
})

test.each([
  ['{http: [{fault: {}, route: [{destination: {host: a}}]}]}', ['spec.http[0].fault']],
  ['{http: [{mirror: {host: b}, corsPolicy: {}, route: [{destination: {host: a}}]}]}', ['spec.http[0].mirror', 'spec.http[0].corsPolicy']],
  ['{http: [{delegate: {name: d}}]}', ['spec.http[0].delegate']],
  [
    '{http: [{headers: {request: {set: {t: "%START_TIME%"}}}, route: [{destination: {host: a}}]}]}',
    ['spec.http[0].headers.request.set["t"]']
  ],
  [
    '{http: [{match: [{headers: {"@request.auth.claims.x": {exact: y}}}], route: [{destination: {host: a}}]}]}',
    ['spec.http[0].match[0].headers["@request.auth.claims.x"]']
  ],
  ['{tcp: [{}], tls: [{match: []}]}', ['spec.tcp', 'spec.tls']]
])('%s: fields not applied yet are named', (spec, paths) => {
  const problems = config('VirtualService', spec).virtualServices.flatMap(checkVirtualService)
  expect(problems.map(({ code, path }) => [code, path])).toEqual(paths.map((path) => ['not-applied-yet', path]))
})

test('a DestinationRule names what is not applied, at every level, and a subset written twice', () => {
  const spec = `{host: a, trafficPolicy: {outlierDetection: {}, portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]},
    subsets: [{name: v1, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}, {name: v1}]}`
  expect(
    config('DestinationRule', spec)
      .destinationRules.flatMap(checkDestinationRule)
      .map(({ path }) => path)
  ).toEqual([
    'spec.trafficPolicy.outlierDetection',
    'spec.trafficPolicy.portLevelSettings[0].tls',
    'spec.subsets[0].trafficPolicy.loadBalancer.consistentHash',
    'spec.subsets[1].name'
  ])
})

test('a Gateway names servers that do not carry HTTP here', () => {
  const server = (number: number, protocol: string, tls: string): string =>
    `{port: {number: ${number}, name: p${number}, protocol: ${protocol}}, hosts: ['*']${tls}}`
  const spec = `{servers: [${[server(80, 'HTTP', ''), server(443, 'HTTPS', ', tls: {mode: SIMPLE}'), server(444, 'HTTPS', ', tls: {}'), server(9000, 'TCP', '')].join(', ')}]}`
  const [gateway] = config('Gateway', spec).gateways
  expect(gateway?.spec.servers?.map(routesHttp)).toEqual([true, true, false, false])
  expect(gateway === undefined ? [] : checkGateway(gateway).map(({ path }) => path)).toEqual(['spec.servers[2]', 'spec.servers[3]'])
})
