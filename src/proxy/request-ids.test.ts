import { expect, test } from 'vitest'
import { requestId, requestIdLine } from './request-ids.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'

test('ids are random UUIDs, each another one, alone or in their line', () => {
  const ids = Array.from({ length: 2000 }, (_, index) => (index % 2 === 0 ? requestId() : requestIdLine().slice(14, -2)))
  for (const id of ids) expect(id).toMatch(new RegExp(`^${UUID}$`))
  expect(new Set(ids).size).toBe(ids.length)
  expect(requestIdLine()).toMatch(new RegExp(`^x-request-id: ${UUID}\r\n$`))
})

test('every digit of an id but those of version and variant takes every value', () => {
  const seen = Array.from({ length: 36 }, () => new Set<number>())
  for (let count = 0; count < 2000; count++) Buffer.from(requestId()).forEach((digit, place) => seen[place]?.add(digit))
  const dash = [8, 13, 18, 23]
  for (const [place, digits] of seen.entries()) expect(digits.size).toBe(dash.includes(place) || place === 14 ? 1 : place === 19 ? 4 : 16)
})
