import { expect, test } from 'vitest'
import { grpcTimeout, readGrpcTimeout } from './grpc-timeout.ts'

test.each([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3000],
  ['250m', 250],
  ['1500u', 2],
  ['1n', 1],
  ['0S', 0],
  ['99999999m', 99_999_999],
  ['100000000m', undefined],
  ['1s', undefined],
  ['m', undefined],
  ['', undefined]
])('%s reads as %s ms', (text, millis) => {
  expect(readGrpcTimeout(text)).toBe(millis)
})

test('the client may ask for less than the route gives, not for more, and for any time where the route gives all', () => {
  expect([grpcTimeout('100m', 500), grpcTimeout('1S', 500), grpcTimeout('1S', 0)]).toEqual([100, 500, 1000])
})

test('without a usable field, and for none, the route has its say', () => {
  expect([grpcTimeout(undefined, 500), grpcTimeout('soon', 500), grpcTimeout('0S', 500), grpcTimeout(undefined, 0)]).toEqual([
    500, 500, 500, 0
  ])
})
