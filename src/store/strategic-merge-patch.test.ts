import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Schema } from '../api/schema.ts'
import { dig, isObject, sameJson } from '../std/json.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'
import { dataUrl } from '../../test/data.ts'

const folder = dataUrl('strategic-merge/')

interface Row {
  readonly id: string
  readonly group: string
  readonly original?: string
  readonly modified?: string
  readonly current?: string
  readonly twoWay?: string
  readonly twoWayResult?: string
  readonly threeWay?: string
  readonly result?: string
  readonly expectedError?: string
}

describe('the public strategic merge patch cases', () => {
  if (!existsSync(folder)) {
    test('are present', () => expect.fail('the conformance data ../shared/data/strategic-merge is absent'))
    return
  }
  const definitions = dig(parse(readFileSync(new URL('schema.json', folder), 'utf8')), 'definitions')
  const schema = resolve(dig(definitions, 'mergeItem'), definitions, 5)
  // the file is a list of such rows
  const rows = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as readonly Row[]
  const apply = (before: string | undefined, patch: string | undefined, row: Row): unknown => {
    const outcome = applyStrategicMergePatch(read(before), read(patch), schema)
    if (outcome.kind === 'failed') return outcome.message
    return row.group.endsWith('-raw') ? outcome.value : sortMerged(outcome.value, schema)
  }
  const wanted = (text: string | undefined, row: Row): unknown => (row.group.endsWith('-raw') ? read(text) : sortMerged(read(text), schema))

  test.each(rows.filter((row) => row.twoWay !== undefined))('$id', (row) => {
    const result = apply(row.original, row.twoWay, row)
    const error = row.expectedError
    const shown = error !== undefined && typeof result === 'string' && result.includes(error) ? error : result
    expect(shown).toEqual(error ?? wanted(row.twoWayResult ?? row.modified, row))
  })
  test.each(rows.filter((row) => row.threeWay !== undefined && row.result !== undefined))('$id (three-way result)', (row) => {
    expect(apply(row.current, row.threeWay, row)).toEqual(wanted(row.result, row))
  })
})

function read(text: string | undefined): unknown {
  return text === undefined ? {} : (parse(text) ?? {})
}

/** The definition of `node` with its self-references unrolled `depth` times. */
function resolve(node: unknown, definitions: unknown, depth: number): Schema {
  if (!isObject(node) || depth === 0) return {}
  const { $ref, ...beside } = node
  const target = typeof $ref === 'string' ? resolve(dig(definitions, $ref.split('/').pop() ?? ''), definitions, depth - 1) : undefined
  // beside a reference, the definitions leave out that a field with a merge key is a list
  if (target !== undefined)
    return beside['x-kubernetes-patch-merge-key'] === undefined ? { ...target, ...beside } : { ...beside, items: target }
  const properties = isObject(node['properties']) ? Object.entries(node['properties']) : []
  return {
    ...beside,
    properties: Object.fromEntries(properties.map(([key, inner]) => [key, resolve(inner, definitions, depth)])),
    ...(isObject(node['items']) && { items: resolve(node['items'], definitions, depth) })
  }
}

function sortMerged(value: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) {
    const key = schema?.['x-kubernetes-patch-merge-key']
    const items = value.map((item) => sortMerged(item, schema?.items))
    const by = (item: unknown): string => JSON.stringify(key === undefined ? item : dig(item, key))
    return schema?.['x-kubernetes-patch-strategy']?.includes('merge') ? items.toSorted((a, b) => (by(a) < by(b) ? -1 : 1)) : items
  }
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sortMerged(inner, schema?.properties?.[key])]))
}

const KEYED: Schema = {
  type: 'object',
  properties: {
    list: { type: 'array', 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'name', items: { type: 'object' } }
  }
}

test('merging a keyed list keeps every key of both sides once, the patch winning, and does not touch its inputs', () => {
  const items = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), v: fc.nat(3) }), {
    selector: (item) => item.name
  })
  fc.assert(
    fc.property(items, items, (live, given) => {
      const kept = JSON.stringify([live, given])
      const outcome = applyStrategicMergePatch({ list: live }, { list: given }, KEYED)
      const merged = outcome.kind === 'patched' ? dig(outcome.value, 'list') : []
      const oracle = new Map([...live, ...given].map((item) => [item.name, item.v]))
      const got = (merged as readonly { name: string; v: number }[]).map((item): [string, number] => [item.name, item.v])
      expect(new Map(got)).toEqual(oracle)
      expect(got).toHaveLength(oracle.size)
      const order = got.map(([name]) => name).filter((name) => given.some((item) => item.name === name))
      expect(order).toEqual(given.map((item) => item.name))
      expect(JSON.stringify([live, given])).toBe(kept)
    })
  )
})

test('a patch that is no object, or has an unknown directive, is refused', () => {
  expect(applyStrategicMergePatch({}, [], KEYED).kind).toBe('failed')
  expect(applyStrategicMergePatch({ a: {} }, { a: { $patch: 'odd' } }, KEYED).kind).toBe('failed')
  expect(applyStrategicMergePatch({ list: [] }, { list: [['a']] }, KEYED)).toMatchObject({ kind: 'failed', fault: 'rejected' })
  expect(sameJson(applyStrategicMergePatch({ a: 1 }, { a: null }, KEYED), { kind: 'patched', value: {} })).toBe(true)
})
