import { Parser } from 'yaml'
import { expect, test } from 'vitest'
import { isOverlong, LEXEME_LIMITS, LEXEMES_MAX, measure, scan, YAML_LIMITS } from './yaml-limits.ts'

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

test.each([
  ['brackets', '['.repeat(8_000_000), 'too-deep', LEXEME_LIMITS.brackets],
  ['maps in maps', '{a: '.repeat(1_000_000), 'too-deep', LEXEME_LIMITS.brackets * 4],
  ['lists on a line', '- '.repeat(1_000_000), 'too-deep', LEXEME_LIMITS.indicators * 2],
  ['maps on a line', 'a: '.repeat(1_000_000), 'too-deep', LEXEME_LIMITS.indicators * 3 + 1],
  ['values', `[${'1,'.repeat(4_000_000)}`, 'too-many-nodes', LEXEME_LIMITS.count]
])('%s without end are found where the limit is passed, soon and without a tree', (_, text, code, near) => {
  const fault = scan(text)
  expect([fault?.code, (fault?.offset ?? 0) <= near * 2]).toEqual([code, true])
})

test.each([
  ['many documents', 'a: [1, {b: 2}]\n---\n'.repeat(50_000)],
  ['many lines', 'a: 1\nb: 2\n'.repeat(9000)],
  ['brackets in texts', `a: "${'['.repeat(5000)}"\nb: '${'{'.repeat(5000)}'\nc: x${'['.repeat(5000)}\nd: |\n ${'['.repeat(5000)}\n`],
  ['a long list in one line', `{"a": [${'{"b": -1},'.repeat(9000)}{}]}`],
  ['dashes in a text', `a: x ${'- '.repeat(5000)}`]
])('%s pass', (_, text) => {
  expect(scan(text)).toBeUndefined()
})

test('a text of too many lexemes is known before a tree is built', () => {
  expect(isOverlong('[,'.repeat(LEXEMES_MAX / 2 - 10))).toBe(false)
  expect(isOverlong('\n'.repeat(LEXEMES_MAX + 1))).toBe(true)
})
