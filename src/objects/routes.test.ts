import { expect, test } from 'vitest'
import { canaryOf } from '../../test/rollout-objects.ts'
import { planOf } from '../canary/plan.ts'
import { entriesOf, type Entry } from './routes.ts'
import type { Routing } from './virtual-service.ts'

interface Given {
  readonly service?: Record<string, unknown>
  readonly analysis?: Record<string, unknown>
  readonly routing?: Routing
}

function entries({ service = {}, analysis = {}, routing = { kind: 'weights', canary: 20 } }: Given): readonly Entry[] {
  const canary = canaryOf(analysis, { service: { port: 80, ...service } })
  return entriesOf({ canary, plan: planOf(canary), routing, cookies: {} })
}

const to = (role: string, weight: number, port?: number) => ({
  destination: { host: `api-${role}`, ...(port === undefined ? {} : { port: { number: port } }) },
  weight
})
const INSIDERS = [{ headers: { 'x-user': { exact: 'test' } } }]

// flagger.md 3.4.
test.each<readonly [string, Given, readonly Entry[]]>([
  ['weighted', {}, [{ route: [to('primary', 80), to('canary', 20)] }]],
  [
    'weighted, with ports that were discovered, behind a gateway',
    { service: { portDiscovery: true, gateways: ['g'] } },
    [{ route: [to('primary', 80, 80), to('canary', 20, 80)] }]
  ],
  [
    'the same in the mesh',
    { service: { portDiscovery: true, gateways: ['mesh', 'g'] } },
    [{ route: [to('primary', 80), to('canary', 20)] }]
  ],
  ['connections', { service: { appProtocol: 'TCP' } }, [{ route: [to('primary', 80), to('canary', 20)] }]],
  [
    'connections to ports that are matched, of whatever else is matched',
    {
      service: { appProtocol: 'tcp', match: [{ port: 9000, uri: { prefix: '/' } }, { port: 9001 }], timeout: '1s' },
      analysis: { sessionAffinity: { cookieName: 'a' } },
      routing: { kind: 'mirror', percent: 10 }
    },
    [{ match: [{ port: 9000 }, { port: 9001 }], route: [to('primary', 100), to('canary', 0)] }]
  ],
  [
    'copies of all',
    { routing: { kind: 'mirror', percent: undefined } },
    [{ mirror: { host: 'api-canary' }, route: [to('primary', 100), to('canary', 0)] }]
  ],
  [
    'copies of some',
    { routing: { kind: 'mirror', percent: 10 } },
    [{ mirror: { host: 'api-canary' }, mirrorPercentage: { value: 10 }, route: [to('primary', 100), to('canary', 0)] }]
  ],
  [
    'those that match',
    { analysis: { match: INSIDERS }, routing: { kind: 'weights', canary: 100 } },
    [{ match: INSIDERS, route: [to('primary', 0), to('canary', 100)] }, { route: [to('primary', 0)] }]
  ],
  [
    'those that match, beside what the Service matches',
    {
      service: { match: [{ uri: { prefix: '/a' }, headers: { b: { exact: 'c' } } }, { uri: { prefix: '/d' } }] },
      analysis: { match: [...INSIDERS, { sourceLabels: { app: 'x' } }] }
    },
    [
      {
        match: [
          { uri: { prefix: '/a' }, ...INSIDERS[0] },
          { uri: { prefix: '/a' }, headers: { b: { exact: 'c' } }, sourceLabels: { app: 'x' } },
          { uri: { prefix: '/d' }, ...INSIDERS[0] },
          { uri: { prefix: '/d' }, sourceLabels: { app: 'x' } }
        ],
        route: [to('primary', 80), to('canary', 20)]
      },
      { match: [{ uri: { prefix: '/a' }, headers: { b: { exact: 'c' } } }, { uri: { prefix: '/d' } }], route: [to('primary', 80)] }
    ]
  ]
])('%s', (_, given, wanted) => {
  expect(entries(given)).toEqual(wanted)
})
