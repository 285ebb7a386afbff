import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { VOLUME_TABLES } from './builtin-tables-volume.ts'

test('a volume is a name and one of thirty sources', () => {
  expect(VOLUME_TABLES['Volume']).toBeDefined()
  const names = fieldsOf(MESSAGES, 'Volume').map((field) => field.name)
  expect(names).toHaveLength(31)
  expect(names).toEqual(expect.arrayContaining(['name', 'configMap', 'secret', 'emptyDir', 'projected', 'csi', 'image']))
})
