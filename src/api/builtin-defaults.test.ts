import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dig, isObject } from '../std/json.ts'
import { decodeBuiltin } from './builtin-decode.ts'
import { defaultBuiltin, pullPolicy } from './builtin-defaults.ts'
import { dataUrl } from '../../test/data.ts'

const FILE = dataUrl('kubectl/cases-1.36.3.json')

test.each([
  ['web', 'Always'],
  ['web:latest', 'Always'],
  ['host:5000/web', 'Always'],
  ['host:5000/web:1.0', 'IfNotPresent'],
  ['web@sha256:00', 'IfNotPresent']
])('the image %s is pulled %s', (image, policy) => {
  expect(pullPolicy(image)).toBe(policy)
})

// Creations of a real server: what was sent as JSON, and the spec it answered (addresses and allocated ports aside).
function creations(): readonly (readonly [string, string, Record<string, unknown>, unknown])[] {
  if (!existsSync(FILE))
    throw new Error('the recording ../shared/data/kubectl/cases-1.36.3.json is missing: get the shared data to run this test')
  const cases = dig(JSON.parse(readFileSync(FILE, 'utf8')), 'cases')
  return (Array.isArray(cases) ? cases : []).flatMap((each: unknown) => {
    const exchanges = dig(each, 'exchanges')
    return (Array.isArray(exchanges) ? exchanges : []).flatMap((exchange: unknown) => {
      const [sent, kind] = [dig(exchange, 'requestBody'), dig(exchange, 'requestBody', 'kind')]
      const isCreation = dig(exchange, 'method') === 'POST' && dig(exchange, 'status') === 201
      if (!isCreation || !isObject(sent) || !['Deployment', 'Service', 'Secret', 'Pod'].includes(String(kind))) return []
      return [[String(dig(each, 'id')), String(kind), sent, dig(exchange, 'responseBody', 'spec')] as const]
    })
  })
}
const created = creations()
const ALLOCATED = ['clusterIP', 'clusterIPs']
const without = (value: unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !ALLOCATED.includes(key))) : value

test('there are recorded creations', () => {
  expect(created.map(([, kind]) => kind)).toEqual(expect.arrayContaining(['Deployment', 'Service']))
})

test.each(created)('defaults are those of a real server: %s %s', (_, kind, sent, spec) => {
  const decoded = decodeBuiltin(kind, sent)
  expect(without(dig(defaultBuiltin(kind, decoded.kind === 'decoded' ? decoded.value : {}), 'spec'))).toEqual(without(spec))
})

test('a Secret is Opaque, and stringData is written over data', () => {
  expect(defaultBuiltin('Secret', { data: { a: 'eA==', b: 'eQ==' }, stringData: { b: 'é' } })).toEqual({
    type: 'Opaque',
    data: { a: 'eA==', b: 'w6k=' }
  })
})

test('probes, volumes, environment and hooks of a pod', () => {
  const spec = {
    hostNetwork: true,
    volumes: [
      { name: 'e' },
      { name: 'c', configMap: { name: 'x' } },
      { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'p' } }] } }
    ],
    containers: [
      {
        name: 'c',
        image: 'web:1',
        ports: [{ containerPort: 80 }],
        env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        readinessProbe: { httpGet: { port: 80 }, timeoutSeconds: 5 },
        resources: { limits: { cpu: '1' } }
      }
    ]
  }
  expect(defaultBuiltin('Pod', { spec })).toMatchObject({
    spec: {
      enableServiceLinks: true,
      volumes: [
        { emptyDir: {} },
        { configMap: { defaultMode: 420 } },
        { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } }
      ],
      containers: [
        {
          ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
          readinessProbe: { httpGet: { path: '/', scheme: 'HTTP' }, timeoutSeconds: 5, periodSeconds: 10 },
          resources: { requests: { cpu: '1' } }
        }
      ]
    }
  })
})

test('defaulting twice changes nothing more', () => {
  for (const [, kind, sent] of created) {
    const once = defaultBuiltin(kind, sent)
    expect(defaultBuiltin(kind, once)).toEqual(once)
  }
})

test('an address of a balancer is virtual, and a headless Service without a selector may have any family', () => {
  const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'a.example' }] } }
  expect(defaultBuiltin('Service', { status })['status']).toEqual({
    loadBalancer: { ingress: [{ ip: '1.2.3.4', ipMode: 'VIP' }, { hostname: 'a.example' }] }
  })
  expect(defaultBuiltin('Service', { spec: { clusterIP: 'None' } })['spec']).toMatchObject({ ipFamilyPolicy: 'RequireDualStack' })
  expect(defaultBuiltin('Service', { spec: { clusterIP: 'None', selector: { a: 'b' } } })['spec']).toMatchObject({ ipFamilies: ['IPv4'] })
})
