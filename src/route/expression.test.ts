import { expect, it } from 'vitest'
import { Expression } from './expression.ts'

it('is compiled when it is first used, and matches whole texts', () => {
  const expression = new Expression('/items/[0-9]+')
  expect(expression.isCompiled).toBe(false)
  expect(['/items/17', '/items/17/x', '/items/'].map((text) => expression.testExact(text))).toEqual([true, false, false])
  expect(expression.isCompiled).toBe(true)
})
