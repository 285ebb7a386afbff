import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isObject } from '../std/json.ts'
import { decodeProtobuf } from './protobuf.ts'
import { dataUrl } from '../../test/data.ts'

const FOLDER = dataUrl('kubectl/')

interface Body {
  readonly id: string
  readonly base64: string
  readonly decoded: Record<string, unknown>
}

// Every protobuf request body anywhere in a recording, `before` included.
function bodiesOf(file: string): readonly Body[] {
  const path = new URL(file, FOLDER)
  if (!existsSync(path)) throw new Error(`the recording ../shared/data/kubectl/${file} is missing: get the shared data to run this test`)
  const bodies: Body[] = []
  const walk = (value: unknown, id: string): void => {
    if (Array.isArray(value)) return value.forEach((item) => walk(item, id))
    if (!isObject(value)) return
    const here = typeof value['id'] === 'string' ? value['id'] : id
    const { base64, decoded } = value
    if (typeof base64 === 'string' && isObject(decoded)) bodies.push({ id: `${file} ${here}`, base64, decoded })
    Object.values(value).forEach((inner) => walk(inner, here))
  }
  walk(JSON.parse(readFileSync(path, 'utf8')), '')
  return bodies
}

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'))
const bodies = [...bodiesOf('cases-1.36.3.json'), ...bodiesOf('cases-1.32.5.json')]
const UNSUPPORTED = ['Role']

// What the recording's decoder leaves in: an empty status of Go, `null` lists and times.
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)])
  )
}

test.each(bodies.map((body) => [body.id, body] as const))('the recorded body of %s decodes as recorded', (_, { base64, decoded }) => {
  const result = decodeProtobuf(bytesOf(base64))
  const { apiVersion, kind: kindName } = decoded
  const unsupported = { kind: 'unsupported', apiVersion, kindName }
  expect(result).toEqual(UNSUPPORTED.includes(String(kindName)) ? unsupported : { kind: 'decoded', object: withoutNulls(decoded) })
})

test('both recordings with protobuf have such bodies', () => {
  expect(bodies.length).toBe(30)
})

// A small encoder for the test: [number, value] pairs; text, numbers and nested messages.
type Part = readonly [number, string | number | readonly Part[]]
function varint(value: bigint): number[] {
  const rest = BigInt.asUintN(64, value)
  return rest < 128n ? [Number(rest)] : [Number(rest & 127n) | 128, ...varint(rest >> 7n)]
}
function encode(parts: readonly Part[]): number[] {
  return parts.flatMap(([number, value]) => {
    if (typeof value === 'number') return [...varint(BigInt(number * 8)), ...varint(BigInt(value))]
    const inner = typeof value === 'string' ? [...new TextEncoder().encode(value)] : encode(value)
    return [...varint(BigInt(number * 8 + 2)), ...varint(BigInt(inner.length)), ...inner]
  })
}
function body(apiVersion: string, kind: string, raw: readonly Part[]): Uint8Array {
  const type: readonly Part[] = [
    [1, apiVersion],
    [2, kind]
  ]
  return Uint8Array.of(
    0x6b,
    0x38,
    0x73,
    0,
    ...encode([
      [1, type],
      [2, raw]
    ])
  )
}

test('embedded messages are flattened: volume sources, probe handlers, references', () => {
  const volume: Part = [
    1,
    [
      [1, 'v'],
      [2, [[19, [[1, [[1, 'conf']]]]]]]
    ]
  ]
  const probe: Part = [
    11,
    [
      [
        1,
        [
          [
            2,
            [
              [1, '/health'],
              [
                2,
                [
                  [1, 1],
                  [3, 'http']
                ]
              ]
            ]
          ]
        ]
      ],
      [4, 7]
    ]
  ]
  const env: Part = [
    7,
    [
      [1, 'A'],
      [
        3,
        [
          [
            3,
            [
              [1, [[1, 'conf']]],
              [2, 'a']
            ]
          ]
        ]
      ]
    ]
  ]
  const pod = body('v1', 'Pod', [[2, [volume, [2, [[1, 'c'], probe, env]], [11, 0], [27, 0]]]])
  expect(decodeProtobuf(pod)).toEqual({
    kind: 'decoded',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      spec: {
        volumes: [{ name: 'v', configMap: { name: 'conf' } }],
        containers: [
          {
            name: 'c',
            readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 7 },
            env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'conf', key: 'a' } } }]
          }
        ],
        shareProcessNamespace: false
      }
    }
  })
})

test('times, negative numbers and what no table names', () => {
  const lease = body('coordination.k8s.io/v1', 'Lease', [
    [
      2,
      [
        [2, -5],
        [
          3,
          [
            [1, 1_767_323_045],
            [2, 123_456_000]
          ]
        ],
        [99, 'new']
      ]
    ]
  ])
  expect(decodeProtobuf(lease)).toMatchObject({
    object: { spec: { leaseDurationSeconds: -5, acquireTime: '2026-01-02T03:04:05.123456Z' } }
  })
})

test.each([
  ['nothing', Uint8Array.of()],
  ['JSON', new TextEncoder().encode('{"kind":"Pod"}')],
  ['a truncated envelope', body('v1', 'Pod', [[2, [[3, 'Always']]]]).subarray(0, 20)],
  ['a number where text belongs', body('v1', 'Pod', [[2, [[3, 1]]]])],
  ['text where a number belongs', body('apps/v1', 'Deployment', [[2, [[1, 'x']]]])],
  ['a time after the year 9999', body('coordination.k8s.io/v1', 'Lease', [[2, [[3, [[1, 900_000_000_000_000]]]]]])]
])('%s is malformed', (_, bytes) => {
  expect(decodeProtobuf(bytes)).toMatchObject({ kind: 'malformed' })
})

test('damaged bodies never throw', () => {
  const recorded = bodies.map((each) => bytesOf(each.base64))
  const damage = fc.tuple(fc.nat({ max: recorded.length - 1 }), fc.nat({ max: 400 }), fc.nat({ max: 255 }), fc.nat({ max: 400 }))
  fc.assert(
    fc.property(damage, ([which, at, byte, length]) => {
      const bytes = Uint8Array.from(recorded[which] ?? [])
      bytes[at % bytes.length] = byte
      for (const each of [bytes, bytes.subarray(0, length)]) {
        expect(['decoded', 'unsupported', 'malformed']).toContain(decodeProtobuf(each).kind)
      }
    }),
    { numRuns: 2000 }
  )
})
