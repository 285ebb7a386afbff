import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { withManagers } from './managed-fields.ts'

function objectOf(spec: unknown, annotations?: Record<string, string>): KubeObject {
  return { apiVersion: 'g/v1', kind: 'Kind', metadata: { name: 'x', ...(annotations && { annotations }) }, spec, status: { at: 1 } }
}

function written(...writes: readonly (readonly [string, KubeObject])[]): KubeObject {
  let object: KubeObject | undefined
  for (const [at, [manager, next]] of writes.entries()) {
    const kept = object?.metadata.managedFields
    const meta = { ...next.metadata, ...(kept && { managedFields: kept }) }
    object = withManagers({ ...next, metadata: meta }, object, { manager, time: `t${at}` })
  }
  return object ?? objectOf({})
}

function shownOf({ metadata }: KubeObject): unknown {
  return (metadata.managedFields ?? []).map(({ manager, time, fieldsV1 }) => [manager, time, fieldsV1])
}

test('who makes an object has its fields, but for what the server keeps', () => {
  expect(written(['a', objectOf({ list: [1], map: { 'k/~': 1 } })]).metadata.managedFields).toEqual([
    {
      manager: 'a',
      operation: 'Update',
      apiVersion: 'g/v1',
      time: 't0',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { 'f:list': {}, 'f:map': { 'f:k/~': {} } } }
    }
  ])
})

test('a field goes to who changes it, a list whole; who has none left is not named', () => {
  const changed = written(['a', objectOf({ list: [1], kept: 1 })], ['b', objectOf({ list: [2], kept: 1 })])
  expect(shownOf(changed)).toEqual([
    ['a', 't0', { 'f:spec': { 'f:kept': {} } }],
    ['b', 't1', { 'f:spec': { 'f:list': {} } }]
  ])
  expect(shownOf(written(['a', objectOf({ list: [1] })], ['b', objectOf({ list: [2] })]))).toEqual([
    ['b', 't1', { 'f:spec': { 'f:list': {} } }]
  ])
})

test('who changes nothing is not named, nor who takes away; what is gone is nobody’s', () => {
  expect(shownOf(written(['a', objectOf({ x: 1 })], ['b', objectOf({ x: 1 })]))).toEqual([['a', 't0', { 'f:spec': { 'f:x': {} } }]])
  expect(shownOf(written(['a', objectOf({ x: 1, y: 1 })], ['b', objectOf({ x: 1 })]))).toEqual([['a', 't0', { 'f:spec': { 'f:x': {} } }]])
})

test('hostile keys are keys', () => {
  const hostile = JSON.parse('{"__proto__": 1, "constructor": {"a": 2}}')
  const object = written(['a', objectOf(hostile)], ['b', objectOf(JSON.parse('{"__proto__": 1, "constructor": {"a": 3}}'))])
  expect(JSON.stringify(shownOf(object))).toBe(
    '[["a","t0",{"f:spec":{"f:__proto__":{}}}],["b","t1",{"f:spec":{"f:constructor":{"f:a":{}}}}]]'
  )
  expect(JSON.stringify(shownOf(written(['a', objectOf(hostile)])))).toContain('"f:__proto__":{}')
})

test('the oldest of many writers become one', () => {
  const writes = Array.from({ length: 15 }, (_, at) => {
    const annotations = Object.fromEntries(Array.from({ length: at + 1 }, (_, each) => [`a${each}`, 'x']))
    return [`m${at}`, objectOf({ x: 1 }, annotations)] as const
  })
  const { managedFields = [] } = written(...writes).metadata
  expect(managedFields.map(({ manager }) => manager)).toEqual(['ancient-changes', ...Array.from({ length: 9 }, (_, at) => `m${at + 6}`)])
  expect(JSON.stringify(managedFields[0]?.fieldsV1)).toContain('f:a5')
})

test('a writer’s name is printable and short', () => {
  const [entry] = written([`a\u001B[31m${'x'.repeat(500)}`, objectOf({ x: 1 })]).metadata.managedFields ?? []
  expect(entry?.manager).toMatch(/^a\\x1b\[31mx+…$/)
  expect(entry?.manager).toHaveLength(128)
})
