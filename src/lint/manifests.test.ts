import { expect, test } from 'vitest'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { readManifests } from './manifests.ts'

const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n'

function read(...texts: readonly string[]): ReturnType<typeof readManifests> {
  return readManifests(
    texts.map((text, at) => ({ file: `${at}.yaml`, text })),
    BUILTIN_KINDS
  )
}

test('an object keeps what was written beside what decoding makes of it, and knows the lines of its fields', () => {
  const { objects, findings } = read(`# head\n${CONFIG}data:\n  b: c\n`)
  expect(findings).toEqual([])
  const [placed] = objects
  expect(placed).toMatchObject({ file: '0.yaml', line: 2, kind: 'known', object: { metadata: { name: 'a', namespace: 'default' } } })
  expect(placed?.written).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { b: 'c' } })
  expect([placed?.lineOf('data.b'), placed?.lineOf('data.z'), placed?.lineOf('')]).toEqual([6, 6, 2])
})

test('the same object twice: the last counts, and says where the other is; other namespaces and unnamed objects are others', () => {
  const { objects, findings } = read(CONFIG, `${CONFIG}data: {b: c}\n---\n${CONFIG.replace('name: a', 'name: a, namespace: other')}`)
  expect(objects.map(({ file, line }) => `${file}:${line}`)).toEqual(['1.yaml:1', '1.yaml:6'])
  expect(findings.map(({ message }) => message)).toEqual(['is also at 0.yaml:1: applied in this order, this one counts'])
  const generated = CONFIG.replace('name: a', 'generateName: a-')
  expect(read(generated, generated)).toMatchObject({ objects: [{}, {}], findings: [] })
})

test('objects without dates are as old as their place: earlier ones win as they would when applied in order', () => {
  const { objects } = read(CONFIG, CONFIG.replace('name: a', 'name: b'))
  const dates = objects.map(({ object }) => object.metadata.creationTimestamp ?? '')
  expect(dates).toEqual(dates.toSorted())
  expect(new Set(dates).size).toBe(2)
})

test('an object of an unknown kind is kept with safe names, whatever its metadata is', () => {
  const { objects } = read('apiVersion: x/v1\nkind: Y\nmetadata: [1]\n', 'apiVersion: x/v1\nkind: Y\nmetadata: {name: 7, namespace: n}\n')
  expect(objects.map(({ kind, object }) => [kind, object.metadata])).toEqual([
    ['unknown', { namespace: 'default' }],
    ['unknown', { namespace: 'n' }]
  ])
})

test('what is wrong in a Secret is told without what is in it', () => {
  const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata:\n  token: "hunter 2"\n  other: 5\nstringData:\n  pin: 1234'
  const { findings } = readManifests([{ file: 'x.yaml', text }], BUILTIN_KINDS)
  expect(findings.map(({ line, path, message }) => `${line} ${path} ${message}`)).toEqual([
    '5 data.token is not base64: plain text goes under stringData',
    '6 data.other is not base64: plain text goes under stringData',
    '8 stringData.pin is of the wrong type: quote numbers and booleans'
  ])
})
