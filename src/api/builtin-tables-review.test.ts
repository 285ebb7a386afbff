import { expect, test } from 'vitest'
import { MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'
import { REVIEW_TABLES } from './builtin-tables-review.ts'

test('reviews are read as messages whose own messages exist', () => {
  for (const message of Object.keys(REVIEW_TABLES)) {
    for (const { name, type } of fieldsOf(MESSAGES, message)) {
      const inner = type.kind === 'list' || type.kind === 'map' ? type.of : type
      expect({ message, name, known: inner.kind !== 'message' || MESSAGES.has(inner.message) }).toEqual({ message, name, known: true })
    }
  }
})

test('the numbers of the answer are those of the public definition, where denied came last', () => {
  const numbers = fieldsOf(MESSAGES, 'SubjectAccessReviewStatus').map(({ name, number }) => [name, number])
  expect(numbers).toEqual([
    ['allowed', 1],
    ['denied', 4],
    ['reason', 2],
    ['evaluationError', 3]
  ])
})
