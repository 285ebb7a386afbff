import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findProgram, isProgram } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'serin-programs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a program is found in the first folder where a file of its name can be run', () => {
  const [text, own, later] = ['text', 'own', 'later'].map((name) => join(folder, name)) as [string, string, string]
  for (const each of [text, own, later]) mkdirSync(each)
  for (const each of [text, own, later]) writeFileSync(join(each, 'tool'), 'not a program')
  chmodSync(join(own, 'tool'), 0o755)
  chmodSync(join(later, 'tool'), 0o755)
  mkdirSync(join(text, 'folder'))
  expect(findProgram('tool', `${text}::${own}:${later}`)).toBe(join(own, 'tool'))
  expect(findProgram('tool', text)).toBeUndefined()
  expect(findProgram('folder', text)).toBeUndefined()
  expect(findProgram('tool', '')).toBeUndefined()
  expect([isProgram(join(own, 'tool')), isProgram(join(text, 'tool')), isProgram(join(own, 'absent')), isProgram(own)]).toEqual([
    true,
    false,
    false,
    false
  ])
})
