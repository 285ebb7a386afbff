// What one decision costs over 20, 50 and 200 rules when the last rule matches: run with `node bench/route.ts`. It prints microseconds
// per decision, the median of nine rounds.

import { compileRoutes } from '../src/route/compile-routes.ts'
import { decide } from '../src/route/decide.ts'
import { meshConfigOf } from '../src/route/mesh-objects.ts'
import type { RequestFacts } from '../src/route/request-facts.ts'
import { meshScope } from '../src/route/route-table.ts'
import { prepare } from '../src/route/router.ts'
import { seeded } from '../src/std/draw.ts'

const ROUNDS = 9
const DECISIONS = 100_000

/** A VirtualService of `count` rules in turn by prefix, header and exact path, then a 90/10 split. */
function rules(count: number): unknown[] {
  const route = [{ destination: { host: 'web' } }]
  const matched = Array.from({ length: count - 1 }, (_, at) => {
    const kinds = [{ uri: { prefix: `/api/v${at}/` } }, { headers: { 'x-group': { exact: `g${at}` } } }, { uri: { exact: `/exact/${at}` } }]
    return { match: [kinds[at % kinds.length]], route }
  })
  const split = ['v1', 'v2'].map((subset, at) => ({ destination: { host: 'web', subset }, weight: at === 0 ? 90 : 10 }))
  return [...matched, { route: split }]
}

function measure(count: number): number {
  const istio = 'networking.istio.io/v1'
  const subsets = ['v1', 'v2'].map((name) => ({ name, labels: { version: name } }))
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: {}, ports: [{ port: 80 }] } },
    { apiVersion: istio, kind: 'DestinationRule', metadata: { name: 'web' }, spec: { host: 'web', subsets } },
    { apiVersion: istio, kind: 'VirtualService', metadata: { name: 'web' }, spec: { hosts: ['web'], http: rules(count) } }
  ]
  const router = prepare(compileRoutes(meshConfigOf(objects)).table)
  const headers: Readonly<Record<string, string>> = { 'x-group': 'none' }
  const facts: RequestFacts = {
    method: 'GET',
    path: '/products/7?color=red',
    authority: 'web',
    scheme: 'http',
    remote: '127.0.0.1:50000',
    local: '127.0.0.1:80',
    header: (name) => headers[name]
  }
  const scope = meshScope(router.sourceLabels, { namespace: 'default', labels: {} }, 80)
  const draw = seeded(1)
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now()
    for (let at = 0; at < DECISIONS; at += 1) {
      if (decide(router, scope, facts, draw).kind !== 'forward') throw new Error('the last rule forwards')
    }
    return ((performance.now() - start) * 1000) / DECISIONS
  })
  return times.toSorted((a, b) => a - b)[(ROUNDS - 1) / 2] ?? 0
}

for (const count of [20, 50, 200]) process.stdout.write(`decide, ${count} rules: ${measure(count).toFixed(2)} us\n`)
