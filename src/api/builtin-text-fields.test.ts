import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { COMMON_FIELD_TEXT, FIELD_TEXT } from './builtin-text-fields.ts'

test('every description is of a message or field that exists', () => {
  const unknown = Object.keys(FIELD_TEXT).filter((key) => {
    const [message = '', name] = key.split('.')
    return !MESSAGES.has(message) || (name !== undefined && !fieldsOf(MESSAGES, message).some((field) => field.name === name))
  })
  expect(unknown).toEqual([])
})

test('every common description is of a field that some message has', () => {
  const names = new Set([...MESSAGES.keys()].flatMap((message) => fieldsOf(MESSAGES, message).map((field) => field.name)))
  expect(Object.keys(COMMON_FIELD_TEXT).filter((name) => !names.has(name))).toEqual([])
})
