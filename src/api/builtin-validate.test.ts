import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dig, isObject } from '../std/json.ts'
import { decodeBuiltin } from './builtin-decode.ts'
import { defaultBuiltin } from './builtin-defaults.ts'
import { builtinMessage } from './builtin-messages.ts'
import { messageSchema } from './builtin-schema.ts'
import { validateBuiltin } from './builtin-validate.ts'
import { validate } from './validate.ts'
import type { Deployment } from './builtin-types-apps.ts'
import type { ConfigMap } from './builtin-types.ts'
import { dataUrl } from '../../test/data.ts'

const FILE = dataUrl('kubectl/cases-1.36.3.json')

function full(name: string, sent: Record<string, unknown>): Readonly<Record<string, unknown>> {
  const decoded = decodeBuiltin(name, sent)
  if (decoded.kind === 'refused') throw new Error(decoded.message)
  return defaultBuiltin(name, decoded.value)
}
const faults = (name: string, sent: Record<string, unknown>, old?: Record<string, unknown>): string[] =>
  validateBuiltin(name, full(name, sent), old && full(name, old)).map((cause) => `${cause.field}: ${cause.message}`)

// Creations of built-in objects that a real server answered: with 201, or with 422 and its causes.
function creations(): readonly (readonly [string, string, Record<string, unknown>, readonly unknown[]])[] {
  if (!existsSync(FILE))
    throw new Error('the recording ../shared/data/kubectl/cases-1.36.3.json is missing: get the shared data to run this test')
  const cases = dig(JSON.parse(readFileSync(FILE, 'utf8')), 'cases')
  return (Array.isArray(cases) ? cases : []).flatMap((each: unknown) => {
    const exchanges = dig(each, 'exchanges')
    return (Array.isArray(exchanges) ? exchanges : []).flatMap((exchange: unknown) => {
      const [sent, status] = [dig(exchange, 'requestBody'), dig(exchange, 'status')]
      const message = isObject(sent) ? builtinMessage(String(sent['apiVersion']), String(sent['kind'])) : undefined
      const posted = dig(exchange, 'method') === 'POST' && (status === 201 || status === 422)
      if (!posted || !isObject(sent) || message === undefined) return []
      const causes = status === 201 ? [] : dig(exchange, 'responseBody', 'details', 'causes')
      return [[String(dig(each, 'id')), message, sent, Array.isArray(causes) ? causes : []] as const]
    })
  })
}
// metadata.name of kinds in general and query parameters are checked by the store.
const OTHERS = ['raw-create-no-name', 'raw-create-dry-run-bad', 'apply-invalid-name']
const created = creations().filter(([id]) => !OTHERS.includes(id))

test('there are recorded creations, good and refused', () => {
  expect(created.filter(([, , , causes]) => causes.length > 0).length).toBeGreaterThan(1)
  expect(created.filter(([, , , causes]) => causes.length === 0).length).toBeGreaterThan(5)
})

test.each(created)('%s: a %s is judged as by a real server', (_, name, sent, causes) => {
  const object = full(name, sent)
  const own = validateBuiltin(name, object)
  const bySchema = validate(messageSchema(name), object, 'built-in').filter((cause) => !own.some((other) => other.field === cause.field))
  const byField = (a: unknown, b: unknown): number => (String(dig(a, 'field')) < String(dig(b, 'field')) ? -1 : 1)
  expect([...own, ...bySchema].toSorted(byField)).toEqual([...causes].toSorted(byField))
})

const container = { name: 'c', image: 'web:1' }
const deployment = (spec: Record<string, unknown>): Record<string, unknown> => ({
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
    ...spec
  }
})
const podOf = (over: Record<string, unknown>): Record<string, unknown> => ({ spec: { containers: [{ ...container, ...over }] } })

test.each<[string, string, Record<string, unknown>, string[]]>([
  [
    'no selector',
    'Deployment',
    deployment({ selector: undefined }),
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'
    ]
  ],
  [
    'a selector that does not match',
    'Deployment',
    deployment({ selector: { matchLabels: { app: 'x' } } }),
    ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']
  ],
  [
    'negative replicas',
    'Deployment',
    deployment({ replicas: -1 }),
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']
  ],
  [
    'no progress possible',
    'Deployment',
    deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0']
  ],
  ['no containers', 'Pod', { spec: {} }, ['spec.containers: Required value']],
  ['no image', 'Pod', podOf({ image: undefined }), ['spec.containers[0].image: Required value']],
  [
    'an unknown volume',
    'Pod',
    podOf({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "v"']
  ],
  [
    'a probe without action',
    'Pod',
    podOf({ livenessProbe: {} }),
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type']
  ],
  ['no ports', 'Service', { metadata: { name: 'web' }, spec: {} }, ['spec.ports: Required value']],
  ['a headless Service without ports', 'Service', { metadata: { name: 'web' }, spec: { clusterIP: 'None' } }, []]
])('%s', (_, name, object, expected) => {
  expect(faults(name, object)).toEqual(expected)
})

test('what may not change: selectors, immutable data, addresses, types of Secrets', () => {
  const moved = deployment({
    selector: { matchLabels: { app: 'y' } },
    template: { metadata: { labels: { app: 'y' } }, spec: { containers: [container] } }
  })
  expect(faults('Deployment', moved, deployment({}))).toEqual([
    'spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable'
  ])
  expect(faults('ConfigMap', { data: { a: '2' }, immutable: true }, { data: { a: '1' }, immutable: true })).toEqual([
    'data: Forbidden: field is immutable when `immutable` is set'
  ])
  expect(faults('ConfigMap', { data: { a: '2' } }, { data: { a: '1' } })).toEqual([])
  expect(faults('Secret', { type: 'a' }, { type: 'b' })).toEqual(['type: Invalid value: "a": field is immutable'])
  const service = (clusterIP: string): Record<string, unknown> => ({ spec: { clusterIP, ports: [{ port: 80 }] } })
  expect(faults('Service', service('10.0.0.2'), service('10.0.0.1'))).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
  ])
})

test('objects of the written types are valid', () => {
  const typed: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'web:1', ports: [{ containerPort: 80 }] }] }
      }
    }
  }
  const settings: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { 'app.txt': 'x' } }
  expect([faults('Deployment', typed), faults('ConfigMap', settings)]).toEqual([[], []])
})

test.each([
  [{ operator: 'Foo' }, 'spec.selector.matchExpressions[0].operator: Invalid value: "Foo": not a valid selector operator'],
  [{ operator: 'In' }, "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
  [
    { operator: 'Exists', values: ['x'] },
    "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
  ]
])('a selector with %j is refused', (term, text) => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployment = { spec: { selector: { matchExpressions: [{ key: 'a', ...term }] }, template } }
  const found = validateBuiltin('Deployment', deployment).map(({ field, message }) => `${field}: ${message}`)
  expect(found).toEqual([text, expect.stringMatching(/^spec\.selector: Invalid value: .*: invalid label selector$/)])
})
