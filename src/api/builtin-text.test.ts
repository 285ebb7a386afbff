import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { BUILTIN_TEXT } from './builtin-text.ts'

test('every description is of a message or field that exists', () => {
  const unknown = Object.keys(BUILTIN_TEXT).filter((key) => {
    const [message = '', name] = key.split('.')
    return !MESSAGES.has(message) || (name !== undefined && !fieldsOf(MESSAGES, message).some((field) => field.name === name))
  })
  expect(unknown).toEqual([])
})
