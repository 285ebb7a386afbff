import { expect, test } from 'vitest'
import { outcome } from './pod-exec.ts'

test('the outcome of a command is the Status that kubectl reads its exit code from', () => {
  expect(outcome({ kind: 'exited', code: 0 })).toEqual({ metadata: {}, status: 'Success' })
  expect(outcome({ kind: 'exited', code: 3 })).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] }
  })
  expect(outcome({ kind: 'failed', message: 'no such container' })).toMatchObject({
    status: 'Failure',
    code: 500,
    message: 'no such container'
  })
})
