import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { deployed, manifest, objectsOf } from '../../test/route-mesh.ts'
import type { KubeObject } from '../api/object.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { lint, problemsOf } from './lint.ts'
import { dataPath } from '../../test/data.ts'

const REVIEWS = deployed({ name: 'reviews', versions: { v1: 2, v2: 1 } })

function found(objects: readonly KubeObject[], code: string): ObjectProblem[] {
  return lint(objects).filter((each) => each.code === code)
}

function reviews(http: string): KubeObject[] {
  return [
    ...REVIEWS,
    ...manifest('01'),
    ...objectsOf(
      `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: reviews}\nspec:\n  hosts: [reviews]\n  http:\n${http}`
    )
  ]
}

describe('the guides', () => {
  test('a correct release has no findings', () => {
    expect(lint([...REVIEWS, ...manifest('01'), ...manifest('02')])).toEqual([])
  })

  test('G9: weights that do not sum to 100 are named with their true shares, a sum of 0 is an error', () => {
    const rule = (v1: number, v2: number): KubeObject[] =>
      reviews(
        `  - route: [{destination: {host: reviews, subset: v1}, weight: ${v1}}, {destination: {host: reviews, subset: v2}, weight: ${v2}}]\n`
      )
    const [uneven] = found(rule(10, 10), 'weights-not-100')
    expect(uneven).toMatchObject({ severity: 'warning', path: 'spec.http[0].route' })
    expect(uneven?.message).toContain('v1 50 %, v2 50 %')
    expect(found(rule(0, 0), 'weights-zero')).toMatchObject([{ severity: 'error' }])
  })

  test('G10: 1/99 as in manifest 08 is named, 99/1 is not', () => {
    const payment = deployed({ name: 'payment-svc', versions: { v1: 1, v2: 1 }, namespace: 'production' })
    const [reversed] = found([...payment, ...manifest('08')], 'weights-reversed')
    expect(reversed).toMatchObject({ severity: 'warning', path: 'spec.http[0].route' })
    expect(reversed?.message).toContain('v2 99 %')
    expect(found([...payment, ...manifest('09')], 'weights-reversed')).toEqual([])
  })

  test('G41: a v2 without the label (manifest 04) leaves the subset empty: an error while it has weight', () => {
    const only = deployed({ name: 'reviews', versions: { v1: 1 } })
    const [empty] = found([...only, ...manifest('04'), ...manifest('01'), ...manifest('02')], 'subset-no-pods')
    expect(empty).toMatchObject({ severity: 'error', path: 'spec.http[0].route[1].destination.subset', istio: 'IST0173' })
    expect(empty?.message).toContain('version=v2')
  })

  test('G45: a subset that no DestinationRule has is named with the known ones', () => {
    const [missing] = found([...REVIEWS, ...manifest('01'), ...manifest('11')], 'subset-not-found')
    expect(missing).toMatchObject({ severity: 'error', path: 'spec.http[0].route[0].destination.subset', istio: 'IST0101' })
    expect(missing?.message).toContain('known subsets: v1, v2')
  })

  test('G47: a gateway that does not exist is named with the known ones', () => {
    const [missing] = found([...manifest('12'), ...manifest('20')], 'gateway-not-found')
    expect(missing).toMatchObject({ severity: 'error', path: 'spec.gateways[0]', istio: 'IST0101' })
    expect(missing?.message).toContain('default/production-gateway')
  })
})

test('fields that are accepted but not applied yet are named, by field', () => {
  const keepalive = '{host: reviews, trafficPolicy: {connectionPool: {tcp: {tcpKeepalive: {probes: 3}}}}}'
  const rule = `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: default}\nspec: ${keepalive}\n`
  const paths = found(objectsOf(rule), 'not-applied-yet').map(({ object, path }) => `${object.name} ${path}`)
  expect(paths).toEqual(['a spec.trafficPolicy.connectionPool.tcp.tcpKeepalive.probes'])
})

test('subsets whose pods are not ready are a warning', () => {
  const objects = [...deployed({ name: 'reviews', versions: { v1: 1, v2: -1 } }), ...manifest('01'), ...manifest('02')]
  expect(lint(objects).map(({ code, severity }) => [code, severity])).toEqual([['subset-not-ready', 'warning']])
})

test('in a cluster a subset without any pod is a finding even where there is no pod at all; among files it may be elsewhere', () => {
  const objects = [...deployed({ name: 'reviews', versions: {} }), ...manifest('01'), ...manifest('02')]
  expect(lint(objects)).toEqual([])
  expect(lint(objects, 'all').map(({ code }) => code)).toEqual(['subset-no-pods', 'subset-no-pods'])
  const template = { metadata: { labels: { app: 'reviews', version: 'v1' } } }
  const idle = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'reviews-v1', namespace: 'default' },
    spec: { replicas: 0, template }
  }
  const [first] = lint([...objects, idle], 'all').filter(({ code }) => code === 'subset-not-ready')
  expect(first?.message).toBe(
    'subset "v1" of reviews.default.svc.cluster.local has no ready pod now (there is none); its requests get 503 (UH)'
  )
})

test('problems come errors first and can be asked for one object', () => {
  const problems = lint([...manifest('02'), ...manifest('12')])
  const severities = problems.map(({ severity }) => severity)
  expect(severities).toEqual(severities.toSorted())
  const own = problemsOf(problems, { kind: 'VirtualService', namespace: 'default', name: 'reviews' })
  expect(own.length).toBeGreaterThan(0)
  expect(own.every(({ object }) => object.name === 'reviews')).toBe(true)
})

test("the inputs of Istio's own route tests are linted to an end (../shared/data/virtualservices beside the repository)", () => {
  const folder = dataPath('virtualservices/route-inputs')
  expect(existsSync(folder)).toBe(true)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
  expect(files.length).toBeGreaterThan(20)
  for (const name of files) {
    const objects = objectsOf(readFileSync(join(folder, name), 'utf8')).filter(
      ({ kind, apiVersion }) => typeof kind === 'string' && typeof apiVersion === 'string'
    )
    for (const { code, path } of lint(objects)) expect(`${code} ${path}`, name).toMatch(/^[a-z0-9-]+ \S/)
  }
})
