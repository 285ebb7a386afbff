import { expect, test } from 'vitest'
import { exposureField } from './release-exposure.ts'

test('what is not counted has no field', () => {
  expect(exposureField(undefined)).toEqual({})
  const ledger = { requests: 10, bad: 2, excess: 1.6, users: undefined, budget: undefined }
  expect(exposureField(ledger)).toEqual({ exposure: { requests: 10, failed: 2, excess: 2 } })
})

test('the budget is in percent, of as many digits as mean something', () => {
  const ledger = { requests: 10, bad: 2, excess: 2, users: 3, budget: 0.000_123_456 }
  expect(exposureField(ledger).exposure).toMatchObject({ users: 3, errorBudget: 0.0123 })
})
