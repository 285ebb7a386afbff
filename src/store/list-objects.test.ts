import { expect, test } from 'vitest'
import { configMap, SMALL_KINDS, SMALL_RULES } from '../../test/conformance/small-world.ts'
import { listObjects, readVersion } from './list-objects.ts'
import { keyOf, ObjectTable } from './object-table.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'ConfigMap')!

test('pages of any size hold every object once, in order', () => {
  const table = new ObjectTable()
  for (const name of ['c', 'a', 'b', 'e', 'd']) table.set(keyOf('demo', name), configMap(name))
  for (let limit = 1; limit <= 6; limit++) {
    const names: string[] = []
    let next: string | undefined = ''
    while (next !== undefined) {
      const answer = listObjects(
        { verb: 'list', target: { resource: { group: '', version: 'v1', resource: 'configmaps' } }, limit, continue: next },
        { served: { spec, version: spec.versions[0]! }, table, rules: SMALL_RULES, version: 7 }
      )
      if (answer.kind !== 'list') throw new Error('a list was asked for')
      names.push(...answer.items.map((item) => item.metadata.name ?? ''))
      next = answer.continue
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e'])
  }
})

test('versions are whole numbers', () => {
  expect([readVersion(undefined), readVersion(''), readVersion('12')]).toEqual([0, 0, 12])
  expect(readVersion('x')).toMatchObject({ status: { code: 400 } })
})
