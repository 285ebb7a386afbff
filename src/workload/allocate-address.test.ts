import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocateAddress, isAllocatable } from './allocate-address.ts'

test('addresses follow one another, skip the taken and wrap around', () => {
  expect(allocateAddress('127.96', new Set())).toBe('127.96.0.2')
  expect(allocateAddress('127.96', new Set(), '127.96.0.255')).toBe('127.96.1.0')
  expect(allocateAddress('127.96', new Set(['127.96.0.3', '127.96.0.4']), '127.96.0.2')).toBe('127.96.0.5')
  expect(allocateAddress('127.96', new Set(), '127.96.254.255')).toBe('127.96.0.2')
  expect(allocateAddress('127.96', new Set(), '127.10.0.9')).toBe('127.96.0.2')
})

test('a full block has no address', () => {
  const taken = new Set<string>()
  for (let x = 0; x < 255; x++) for (let y = 0; y < 256; y++) taken.add(`127.10.${x}.${y}`)
  expect(allocateAddress('127.10', taken)).toBeUndefined()
  taken.delete('127.10.77.7')
  expect(allocateAddress('127.10', taken, '127.10.200.1')).toBe('127.10.77.7')
})

test('what is given is free and of the block', () => {
  const some = fc.array(fc.integer({ min: 2, max: 40 }).map((y) => `127.20.0.${y}`))
  fc.assert(
    fc.property(
      some,
      fc.option(
        fc.integer({ min: 2, max: 40 }).map((y) => `127.20.0.${y}`),
        { nil: undefined }
      ),
      (list, last) => {
        const taken = new Set(list)
        const given = allocateAddress('127.20', taken, last) ?? ''
        expect(taken.has(given)).toBe(false)
        expect(isAllocatable('127.20', given)).toBe(true)
      }
    )
  )
  for (const address of ['127.20.0.1', '127.20.255.1', '127.21.0.9', '127.20.0.256', 'x', '127.20.0'])
    expect(isAllocatable('127.20', address)).toBe(false)
})
