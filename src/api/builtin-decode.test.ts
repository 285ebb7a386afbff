import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dig, isObject } from '../std/json.ts'
import { decodeBuiltin } from './builtin-decode.ts'
import { builtinMessage } from './builtin-messages.ts'
import { dataUrl } from '../../test/data.ts'

const pod = (container: Record<string, unknown>): Record<string, unknown> => ({ spec: { containers: [{ name: 'c', ...container }] } })

test.each([
  [
    'Deployment',
    { spec: { replicas: '3' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32'
  ],
  [
    'Deployment',
    { spec: { replicas: 1.5 } },
    'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32'
  ],
  ['ConfigMap', { data: { a: 1 } }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
  ['Pod', pod({ args: 'x' }), 'json: cannot unmarshal string into Go struct field Container.spec.containers.args of type []string'],
  [
    'Pod',
    pod({ env: [{ name: 'A', value: 1 }] }),
    'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string'
  ],
  ['Pod', { spec: [] }, 'json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'],
  ['Secret', { data: { a: '!' } }, 'illegal base64 data at input byte 0'],
  ['Service', { spec: { ports: [{ port: 80, targetPort: true }] } }, 'json: cannot unmarshal bool into Go value of type int32'],
  ['EventsEvent', { note: 1 }, 'json: cannot unmarshal number into Go struct field Event.note of type string']
])('%s with a wrong type is refused in words of Go', (message, object, text) => {
  expect(decodeBuiltin(message, object)).toEqual({ kind: 'refused', message: text })
})

test('unknown fields are named with their index and dropped', () => {
  const result = decodeBuiltin('Pod', { ...pod({ imagee: 'x', image: 'y' }), statuss: {} })
  expect(result).toMatchObject({ unknownFields: ['spec.containers[0].imagee', 'statuss'] })
  expect(dig(result, 'value', 'spec', 'containers')).toEqual([{ name: 'c', image: 'y', resources: {} }])
})

test('nulls and zero values go, pointers keep theirs, structs are there', () => {
  const object = {
    metadata: { name: 'd', creationTimestamp: null, labels: {} },
    spec: { replicas: 0, paused: false, selector: {}, minReadySeconds: 0 }
  }
  expect(decodeBuiltin('Deployment', object)).toEqual({
    kind: 'decoded',
    value: { metadata: { name: 'd' }, spec: { replicas: 0, selector: {}, strategy: {} }, status: {} },
    unknownFields: []
  })
})

// Every object of a built-in kind that a real server answered in the recordings, placeholders put right.
const FOLDER = dataUrl('kubectl/')
const PLACEHOLDERS: readonly (readonly [RegExp, string | number])[] = [
  [/^<time>$/, '2026-01-02T03:04:05Z'],
  [/^<microtime>$/, '2026-01-02T03:04:05.000000Z'],
  [/^<nodePort>$/, 30_000],
  [/^<n>$/, 1]
]
function answered(file: string): readonly (readonly [string, string, Record<string, unknown>])[] {
  const path = new URL(file, FOLDER)
  if (!existsSync(path)) throw new Error(`the recording ../shared/data/kubectl/${file} is missing: get the shared data to run this test`)
  const found = new Map<string, readonly [string, string, Record<string, unknown>]>()
  const put = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(put)
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, put(inner)]))
    return PLACEHOLDERS.find(([pattern]) => typeof value === 'string' && pattern.test(value))?.[1] ?? value
  }
  const walk = (value: unknown, id: string): void => {
    if (Array.isArray(value)) return value.forEach((item) => walk(item, id))
    if (!isObject(value)) return
    const here = typeof value['argv'] === 'object' ? String(value['id']) : id
    const body = value['responseBody']
    const message = isObject(body) ? builtinMessage(String(body['apiVersion']), String(body['kind'])) : undefined
    if (isObject(body) && message !== undefined && value['responseWas'] === undefined) {
      const object = put(body)
      if (isObject(object)) found.set(JSON.stringify(object), [`${file} ${here}`, message, object])
    }
    Object.entries(value).forEach(([key, inner]) => key !== 'responseBody' && walk(inner, here))
  }
  walk(JSON.parse(readFileSync(path, 'utf8')), '')
  return [...found.values()]
}
const objects = [...answered('cases-1.36.3.json'), ...answered('cases-1.27.16.json')]

test('there are recorded objects', () => {
  expect(objects.length).toBeGreaterThan(50)
})

test.each(objects)('what a real server answered is read unchanged: %s %s', (_, message, object) => {
  expect(decodeBuiltin(message, object)).toEqual({ kind: 'decoded', value: object, unknownFields: [] })
})
