import { expect, test } from 'vitest'
import { configMap, SMALL_KINDS } from '../../test/conformance/small-world.ts'
import type { KubeObject } from '../api/object.ts'
import { seenBy } from './watch-steps.ts'

const spec = SMALL_KINDS.find((each) => each.kind === 'ConfigMap')!
const on = configMap('a', { metadata: { labels: { on: 'yes' }, resourceVersion: '1' } })
const off = configMap('a', { metadata: { resourceVersion: '2' } })
const selection = (object: KubeObject): boolean => object.metadata.labels?.['on'] === 'yes'

test.each([
  ['added', 'added', undefined, on],
  ['added', 'modified', off, on],
  ['modified', 'modified', on, on],
  ['deleted', 'modified', on, off],
  ['deleted', 'deleted', on, on],
  [undefined, 'modified', off, off],
  [undefined, 'deleted', off, off],
  [undefined, 'added', undefined, off]
] as const)('%s is seen of %s from %j to %j', (seen, kind, previous, object) => {
  const change = { resourceVersion: 9, group: '', resource: 'configmaps', kind, object, previous }
  const step = seenBy(change, { spec, version: spec.versions[0]! }, selection)
  expect(step?.kind).toBe(seen)
  expect(seen === 'deleted' && kind === 'modified' ? step?.object.metadata : 'n/a').toEqual(
    seen === 'deleted' && kind === 'modified' ? { ...on.metadata, resourceVersion: '9' } : 'n/a'
  )
  expect(seenBy({ ...change, resource: 'pods' }, { spec, version: spec.versions[0]! }, selection)).toBeUndefined()
})
