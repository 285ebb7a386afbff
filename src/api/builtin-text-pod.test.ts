import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { POD_TEXT, SAME_FIELDS, VOLUME_TEXT } from './builtin-text-pod.ts'

test('every description is of a message or field that exists', () => {
  const unknown = Object.keys({ ...POD_TEXT, ...VOLUME_TEXT }).filter((key) => {
    const [message = '', name] = key.split('.')
    return !MESSAGES.has(message) || (name !== undefined && !fieldsOf(MESSAGES, message).some((field) => field.name === name))
  })
  expect(unknown).toEqual([])
})

test('messages said to repeat the fields of another share most of its fields', () => {
  for (const [message, other] of Object.entries(SAME_FIELDS)) {
    const names = new Set(fieldsOf(MESSAGES, other).map((field) => field.name))
    const shared = fieldsOf(MESSAGES, message).filter((field) => names.has(field.name))
    expect(shared.length).toBeGreaterThan(5)
  }
})
