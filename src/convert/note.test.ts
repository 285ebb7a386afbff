import { expect, test } from 'vitest'
import { noteLine, Notes } from './note.ts'
import { sourceOf } from '../../test/argo.ts'

test('notes are said once, with file, line, object and field, in the order of the files', () => {
  const source = { ...sourceOf('Rollout', { a: 1 }), lineOf: (path: string) => (path === 'spec.b' ? 2 : 5) }
  const notes = new Notes()
  notes.warn(source, 'spec.a', 'is odd')
  notes.warn(source, 'spec.a', 'is odd')
  notes.error(source, 'spec.b', 'is lost')
  expect(notes.inOrder().map(noteLine)).toEqual([
    'f.yaml:2: error Rollout shop/api spec.b: is lost',
    'f.yaml:5: warning Rollout shop/api spec.a: is odd'
  ])
})
