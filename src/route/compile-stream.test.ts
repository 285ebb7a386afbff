import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { dataPath } from '../../test/data.ts'
import { objectsOf, said } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import { compileRoutes } from './compile-routes.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import { meshConfigOf } from './mesh-objects.ts'
import { EMPTY_TABLE, gatewayStreamScope, streamScope } from './route-table.ts'
import { type Router, prepare } from './router.ts'

const HOST = 'tcp-echo.default.svc.cluster.local'

/** A Service for bytes with an address, its pods v1 and v2 with slices. */
function echo(ports = '[{name: tcp, port: 9000}]', name = 'tcp-echo'): string {
  const pod = (version: string, address: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}-${version}, namespace: default, labels: {app: ${name}, version: ${version}}}
status: {podIP: ${address}}
---`
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default}
spec: {clusterIP: 127.41.0.9, selector: {app: ${name}}, ports: ${ports}}
---${pod('v1', '127.42.0.1')}${pod('v2', '127.42.0.2')}
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${name}, namespace: default, labels: {kubernetes.io/service-name: ${name}}}
ports: [{name: tcp, port: 9000}, {name: tls, port: 9443}]
endpoints: [{addresses: [127.42.0.1]}, {addresses: [127.42.0.2]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: default}
spec: {host: ${name}, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
`
}

function virtualService(spec: string, name = 'tcp-echo'): string {
  return `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: default}\nspec: ${spec}\n`
}

function routerOf(objects: readonly KubeObject[]): Router {
  return prepare(compileRoutes(meshConfigOf(objects)).table)
}

interface Connection {
  readonly scope?: string
  readonly sni?: string
  readonly remote?: string
  readonly draw?: number
}

function connect(
  router: Router,
  { scope = streamScope(HOST, 9000), sni = '', remote = '127.0.0.1:5000', draw = 0 }: Connection = {}
): Decision {
  const facts = {
    method: '',
    path: '/',
    authority: sni,
    scheme: 'http',
    remote,
    local: '127.41.0.9:9000',
    header: () => undefined
  } as const
  return decide(router, scope, facts, () => draw)
}

function saidOf(text: string, connection: Connection = {}): string {
  return said(connect(routerOf(objectsOf(text)), connection))
}

const TO_V2 = 'route: [{destination: {host: tcp-echo, subset: v2}}]'

it('without a rule a connection goes to the Service itself', () => {
  const decision = connect(routerOf(objectsOf(echo())))
  expect(decision).toMatchObject({ kind: 'forward', cluster: `outbound|9000||${HOST}`, retry: undefined, timeout: 0 })
})

test.each<[string, string, string]>([
  ['no match', `{hosts: [tcp-echo], tcp: [{${TO_V2}}]}`, 'v2'],
  ['the port', `{hosts: [tcp-echo], tcp: [{match: [{port: 9000}], ${TO_V2}}]}`, 'v2'],
  ['another port', `{hosts: [tcp-echo], tcp: [{match: [{port: 9001}], ${TO_V2}}]}`, 'tcp-echo'],
  ['one of several matches', `{hosts: [tcp-echo], tcp: [{match: [{port: 1}, {port: 9000}], ${TO_V2}}]}`, 'v2'],
  ['the mesh named', `{hosts: [tcp-echo], gateways: [mesh, g], tcp: [{match: [{gateways: [mesh]}], ${TO_V2}}]}`, 'v2'],
  ['a gateway in the match', `{hosts: [tcp-echo], gateways: [mesh, g], tcp: [{match: [{gateways: [g]}], ${TO_V2}}]}`, 'tcp-echo'],
  ['a gateway of the whole', `{hosts: [tcp-echo], gateways: [g], tcp: [{${TO_V2}}]}`, 'tcp-echo'],
  ['a range with the address', `{hosts: [tcp-echo], tcp: [{match: [{destinationSubnets: [127.41.0.0/16]}], ${TO_V2}}]}`, 'v2'],
  ['a range without it', `{hosts: [tcp-echo], tcp: [{match: [{destinationSubnets: [10.0.0.0/8]}], ${TO_V2}}]}`, 'tcp-echo'],
  ['callers, who are not known', `{hosts: [tcp-echo], tcp: [{match: [{sourceLabels: {app: a}}], ${TO_V2}}]}`, 'tcp-echo'],
  ['a namespace of callers', `{hosts: [tcp-echo], tcp: [{match: [{sourceNamespace: a}], ${TO_V2}}]}`, 'tcp-echo'],
  ['sourceSubnet, which means nothing', `{hosts: [tcp-echo], tcp: [{match: [{sourceSubnet: 10.0.0.0/8}], ${TO_V2}}]}`, 'v2'],
  ['a wildcard', `{hosts: ['*.default.svc.cluster.local'], tcp: [{${TO_V2}}]}`, 'v2'],
  ['another host', `{hosts: [other], tcp: [{${TO_V2}}]}`, 'tcp-echo'],
  ['rules for HTTP', `{hosts: [tcp-echo], http: [{${TO_V2}}]}`, 'tcp-echo'],
  ['a private rule', `{hosts: [tcp-echo], exportTo: ['.'], tcp: [{${TO_V2}}]}`, 'tcp-echo'],
  ['a rule that shares nothing', '{hosts: [tcp-echo], tcp: [{route: []}]}', 'no-match']
])('a rule with %s', (_, spec, expected) => {
  expect(saidOf(echo() + virtualService(spec))).toBe(expected)
})

it('the first rule that applies decides, over all VirtualServices of the host from the oldest on', () => {
  const first = virtualService(`{hosts: [tcp-echo], tcp: [{match: [{port: 1}], ${TO_V2}}]}`, 'a')
  const second = virtualService('{hosts: [tcp-echo], tcp: [{route: [{destination: {host: tcp-echo, subset: v1}}]}]}', 'b')
  const third = virtualService(`{hosts: [tcp-echo], tcp: [{${TO_V2}}]}`, 'c')
  expect(saidOf(echo() + first + second + third)).toBe('v1')
})

it('shares are cut as for HTTP: consecutive intervals, none for a weight of 0', () => {
  const spec = `{hosts: [tcp-echo], tcp: [{route: [
    {destination: {host: tcp-echo, subset: v1}, weight: 80}, {destination: {host: tcp-echo}, weight: 0},
    {destination: {host: tcp-echo, subset: v2}, weight: 20}]}]}`
  const router = routerOf(objectsOf(echo() + virtualService(spec)))
  const at = (draw: number): string => said(connect(router, { draw }))
  expect([at(0), at(0.7999), at(0.8), at(0.9999)]).toEqual(['v1', 'v1', 'v2', 'v2'])
})

it('a single destination without a weight takes everything; one whose subset is not there leads nowhere', () => {
  expect(saidOf(echo() + virtualService(`{hosts: [tcp-echo], tcp: [{${TO_V2}}]}`), { draw: 0.99 })).toBe('v2')
  const gone = '{hosts: [tcp-echo], tcp: [{route: [{destination: {host: tcp-echo, subset: v3}}]}]}'
  expect(saidOf(echo() + virtualService(gone))).toBe('no-destination')
})

it('an idle time of the TCP pool counts, one of the HTTP pool does not', () => {
  const pool = '{tcp: {idleTimeout: 7s, maxConnections: 3}, http: {idleTimeout: 3s}}'
  const text = echo('[{name: tcp, port: 9000}, {name: http, port: 80}]')
  const policy = text.replace('subsets: [', `trafficPolicy: {connectionPool: ${pool}}, subsets: [`)
  const clusters = [text, policy].flatMap((each) => {
    const table = compileRoutes(meshConfigOf(objectsOf(each))).table
    return [9000, 80].map((port) => table.clusters[`outbound|${port}||${HOST}`])
  })
  expect(clusters.map((cluster) => cluster?.idleTimeout)).toEqual([3_600_000, 3_600_000, 7000, 3000])
  expect(clusters[2]?.maxConnections).toBe(3)
})

it('connections stick by where they come from, and by nothing else', () => {
  const hashed = (by: string): Decision => {
    const text = echo().replace('subsets: [', `trafficPolicy: {loadBalancer: {consistentHash: ${by}}}, subsets: [`)
    return connect(routerOf(objectsOf(text)))
  }
  expect(hashed('{useSourceIp: true}')).toMatchObject({ hash: expect.any(BigInt) })
  expect(hashed('{httpHeaderName: x}')).toMatchObject({ hash: undefined })
})

it('rules that are wrong leave what was in force', () => {
  const good = objectsOf(echo() + virtualService(`{hosts: [tcp-echo], tcp: [{${TO_V2}}]}`))
  const bad = objectsOf(echo() + virtualService('{hosts: [tcp-echo], tcp: [{route: [{destination: {host: "a b"}}]}]}'))
  const before = compileRoutes(meshConfigOf(good), EMPTY_TABLE).table
  expect(said(connect(prepare(compileRoutes(meshConfigOf(bad), before).table)))).toBe('v2')
})

describe('server names', () => {
  const text = echo('[{name: tls, port: 9443}]')
  const scope = streamScope(HOST, 9443)
  const to = (subset: string): string => `route: [{destination: {host: tcp-echo, subset: ${subset}}}]`
  const spec = `{hosts: [tcp-echo, '*.example'], tls: [
    {match: [{sniHosts: ['*.example']}], ${to('v1')}}, {match: [{sniHosts: [A.example]}], ${to('v2')}},
    {match: [{sniHosts: [a.example, b.example], port: 1}], ${to('v1')}}, {match: [{sniHosts: [a.example]}], ${to('v1')}}]}`

  test.each([
    ['a.example', 'v2'],
    ['b.example', 'v1'],
    ['x.b.example', 'v1'],
    ['.example', 'tcp-echo'],
    ['other', 'tcp-echo'],
    ['', 'tcp-echo']
  ])('"%s" leads to %s: the most specific name counts, the first rule of it, and without one the Service', (sni, expected) => {
    expect(saidOf(text + virtualService(spec), { scope, sni })).toBe(expected)
  })

  it('are not asked where the port is for TCP', () => {
    expect(saidOf(echo() + virtualService(spec), { sni: 'a.example' })).toBe('tcp-echo')
  })
})

describe('a gateway', () => {
  const gateway = (protocol = 'TCP', port = 31_400): string =>
    `---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: default}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: ${port}, name: x, protocol: ${protocol}}, hosts: ['*']}]}\n`
  const scope = gatewayStreamScope(31_400)

  it.each([
    ['tcp-echo-all-v1.yaml', [1, 0]],
    ['tcp-echo-20-v2.yaml', [0.8, 0.2]]
  ])("Istio's sample %s splits as it says", (file, shares) => {
    const sample = readFileSync(dataPath(`samples/istio/tcp-echo/${file}`), 'utf8')
    const before = readFileSync(dataPath('samples/istio/tcp-echo/tcp-echo-all-v1.yaml'), 'utf8')
    const objects = objectsOf(`${echo()}---\n${before}`).filter(({ kind }) => kind !== 'VirtualService')
    const router = routerOf([...objects, ...objectsOf(sample).filter(({ kind }) => kind === 'VirtualService')])
    const counts = { v1: 0, v2: 0 }
    for (let at = 0; at < 1000; at += 1) counts[said(connect(router, { scope, draw: at / 1000 })) === 'v1' ? 'v1' : 'v2'] += 1
    expect([counts.v1 / 1000, counts.v2 / 1000]).toEqual(shares)
  })

  it('takes the first rule of its own, and closes what no rule is for', () => {
    const bound = (match: string): string => virtualService(`{hosts: ['*'], gateways: [g], tcp: [{${match}${TO_V2}}]}`)
    expect(saidOf(echo() + gateway() + bound(''), { scope })).toBe('v2')
    expect(saidOf(echo() + gateway() + bound('match: [{port: 31400, gateways: [g]}], '), { scope })).toBe('v2')
    expect(saidOf(echo() + gateway() + bound('match: [{port: 31401}], '), { scope })).toBe('no-match')
    expect(saidOf(echo() + gateway() + bound('match: [{gateways: [h]}], '), { scope })).toBe('no-match')
    // Istio does not look at these at gateways.
    expect(saidOf(echo() + gateway() + bound('match: [{sourceLabels: {a: b}, destinationSubnets: [10.0.0.0/8]}], '), { scope })).toBe('v2')
    expect(saidOf(echo() + gateway(), { scope })).toBe('no-match')
  })

  it('a port that is for HTTP too carries no bytes', () => {
    const http = gateway('HTTP').replace('name: g,', 'name: h,')
    expect(saidOf(echo() + gateway() + http, { scope })).toBe('unknown-host')
  })
})
