// Weighted splits and what sticks to them, over many requests: shares against a model, and a cookie that keeps callers of the canary there
// while the weights step on (Flagger's session affinity).

import { expect, test } from 'vitest'
import { deployed, factsOf, objectsOf, routerOf } from '../../test/route-mesh.ts'
import { seeded } from '../std/draw.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import { meshScope } from './route-table.ts'
import type { Router } from './router.ts'

const SCOPE = meshScope([], { namespace: 'default', labels: {} }, 9080)
const SUBSETS = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: primary, labels: {version: v1}}, {name: canary, labels: {version: v2}}]}
---
`

function routerFor(http: string): Router {
  const rule = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec: {hosts: [web], http: ${http}}\n`
  return routerOf([...deployed({ name: 'web', versions: { v1: 1, v2: 1 } }), ...objectsOf(SUBSETS + rule)])
}

function split(primary: number, canary: number, more = ''): string {
  return `{route: [{destination: {host: web, subset: primary}, weight: ${primary}}, {destination: {host: web, subset: canary}, weight: ${canary}${more}}]}`
}

function subsetOf(decision: Decision): string {
  return decision.kind === 'forward' ? (decision.cluster.split('|')[2] ?? '') : decision.kind
}

test.each([
  [90, 10],
  [99, 1],
  [1, 999]
])(
  'weights %d and %d over 200,000 requests: exactly the model of a seeded draw, and the shares within 4 standard errors',
  (primary, canary) => {
    const router = routerFor(`[${split(primary, canary)}]`)
    const facts = factsOf({ host: 'web' })
    const draw = seeded(primary)
    const model = seeded(primary)
    const n = 200_000
    let counted = 0
    let expected = 0
    for (let at = 0; at < n; at += 1) {
      if (subsetOf(decide(router, SCOPE, facts, draw)) === 'canary') counted += 1
      if (Math.floor(model() * (primary + canary)) >= primary) expected += 1
    }
    const share = canary / (primary + canary)
    expect(counted).toBe(expected)
    expect(Math.abs(counted - n * share)).toBeLessThan(4 * Math.sqrt(n * share * (1 - share)))
  }
)

test('10,000 callers with a cookie: while the weight steps from 5 to 50 nobody moves back from the canary', () => {
  const sticky = ', headers: {response: {add: {Set-Cookie: "side=canary; Max-Age=600"}}}'
  const first = '{match: [{headers: {cookie: {regex: ".*side=canary.*"}}}], route: [{destination: {host: web, subset: canary}}]}'
  const draw = seeded(5)
  const onCanary = Array.from({ length: 10_000 }, () => false)
  const shares: number[] = []
  for (let weight = 5; weight <= 50; weight += 5) {
    const router = routerFor(`[${first}, ${split(100 - weight, weight, sticky)}]`)
    let moved = 0
    for (const [at, stays] of onCanary.entries()) {
      const decision = decide(router, SCOPE, factsOf({ host: 'web', headers: stays ? { cookie: 'a=1; side=canary' } : {} }), draw)
      const chosen = subsetOf(decision) === 'canary'
      if (stays && !chosen) moved += 1
      onCanary[at] =
        stays || (chosen && decision.kind === 'forward' && decision.response?.add.some(([name]) => name === 'set-cookie') === true)
    }
    expect(moved).toBe(0)
    shares.push(onCanary.filter(Boolean).length)
  }
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  // Who is not on the canary yet draws anew at each step.
  const left = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5].reduce((product, stays) => product * stays, 1)
  expect(Math.abs((shares.at(-1) ?? 0) - 10_000 * (1 - left))).toBeLessThan(4 * Math.sqrt(10_000 * left * (1 - left)))
})
