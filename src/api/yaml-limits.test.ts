import { Parser } from 'yaml'
import { expect, test } from 'vitest'
import { isOverlong, LEXEMES_MAX, measure, YAML_LIMITS } from './yaml-limits.ts'

const measured = (text: string): string | undefined => measure([...new Parser().parse(text)], text.length)?.code

test('each limit holds exactly', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
  expect(measured(nested(YAML_LIMITS.depth + 1))).toBeUndefined()
  expect(measured(nested(YAML_LIMITS.depth + 2))).toBe('too-deep')
  const listed = (count: number, item: string): string => `[${`${item},`.repeat(count)}]`
  expect(measured(listed(YAML_LIMITS.nodes - 2, '1'))).toBeUndefined()
  expect(measured(listed(YAML_LIMITS.nodes, '1'))).toBe('too-many-nodes')
  expect(measured(listed(YAML_LIMITS.aliases, '*a'))).toBeUndefined()
  expect(measured(listed(YAML_LIMITS.aliases + 1, '*a'))).toBe('too-many-aliases')
})

test('a hundred thousand levels are measured without recursion', () => {
  expect(measured('['.repeat(100_000))).toBe('too-deep')
})

test('a text of too many lexemes is known before a tree is built', () => {
  expect(isOverlong('[,'.repeat(LEXEMES_MAX / 2 - 10))).toBe(false)
  expect(isOverlong('\n'.repeat(LEXEMES_MAX + 1))).toBe(true)
})
