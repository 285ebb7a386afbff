// docs/limits.md says what the code does: names, defaults, ranges, counters.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rangeOf, writtenLimit } from '../../src/cli/limit-settings.ts'
import { BOUNDS, LIMIT_NAMES, SYSTEM_LIMIT } from '../../src/proxy/limits.ts'
import { DESTINATION_ROWS } from './destination-rows.ts'

const PAGE = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')

// The rows of the table under a heading.
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = PAGE.split(`## ${heading}\n`)
  const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  )
}

test('every bound of a worker stands there with its default and range', () => {
  const want = Object.entries(BOUNDS).map(([name, bound]) => [
    `\`${name}\``,
    writtenLimit(bound, bound.value),
    rangeOf(bound).replace(/^from /, '')
  ])
  const rows = rowsUnder('Bounds of a worker')
  expect(rows.map((row) => row.slice(0, 3))).toEqual(want)
  expect(rows.every((row) => row.length === 5 && row.every((cell) => cell !== ''))).toBe(true)
  expect(LIMIT_NAMES).toEqual([...Object.keys(BOUNDS), SYSTEM_LIMIT])
  expect(PAGE).toContain(`\`${SYSTEM_LIMIT}\``)
})

test('every bound of a destination stands there with its counter', () => {
  const want = Object.entries(DESTINATION_ROWS).map(([field, { counter }]) => [`\`${field}\``, `\`${counter}\``])
  expect(rowsUnder('Bounds of a destination').map(([field, , counter]) => [field, counter])).toEqual(want)
})

test('defaults are between the least and the most', () => {
  expect(Object.entries(BOUNDS).filter(([, { value, least, most }]) => value < least || value > most)).toEqual([])
})
