// Each project reads in its own way.

import { expect, test } from 'vitest'
import { READ_MODE } from './read-mode.ts'

test('the project named data reads by events, all others into buffers', ({ task }) => {
  expect(READ_MODE).toBe(task.file.projectName === 'data' ? 'data' : 'buffer')
})
