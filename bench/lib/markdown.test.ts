import { expect, test } from 'vitest'
import { findingText, tableText, withKept } from './markdown.ts'

const TABLE = { title: 'Costs', columns: ['case', 'us'], rows: [['100 B', '1.0']] }
const taken = { date: '2026-01-01', machine: 'm', options: '5 rounds of 1 s', versions: { node: '24.0.0', nginx: '1.22.1' } }

test('a table has its title, a head and a line for each row', () => {
  expect(tableText(TABLE)).toBe('**Costs**\n\n| case | us |\n|---|---|\n| 100 B | 1.0 |')
})

test('a finding says what was asked, where and when', () => {
  const text = findingText('proxy', { question: 'what?', tables: [TABLE], figures: [], notes: ['caddy is not installed'], taken })
  expect(text).toMatch(/^### proxy: what\?\n\n2026-01-01; m; node 24\.0\.0, nginx 1\.22\.1; 5 rounds of 1 s\.\n\n\*\*Costs/)
  expect(text).toMatch(/\n\n- caddy is not installed\n$/)
})

test('the kept part of the README is replaced as a whole, and again', () => {
  const readme = 'a\n<!-- kept: written by npm run bench -- --keep -->\nold\n<!-- end of kept -->\nb\n'
  const once = withKept(readme, 'new\n')
  expect(once).toBe('a\n<!-- kept: written by npm run bench -- --keep -->\n\nnew\n\n<!-- end of kept -->\nb\n')
  expect(withKept(once, 'new\n')).toBe(once)
  expect(() => withKept('no marks', 'new')).toThrow('missing')
})
