import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Journal } from '../store/journal-record.ts'
import { FileJournal } from './file-journal.ts'

const made: string[] = []
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'serin-journal-'))
  made.push(path)
  return join(path, 'store')
}
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

async function reopened(path: string): Promise<unknown> {
  const journal = new FileJournal(path)
  const kept = await journal.read()
  await journal.close()
  return kept
}

test('what was synced is read again, what was only appended is not', async () => {
  const path = folder()
  const journal = new FileJournal(path)
  const port: Journal = journal
  expect(await port.read()).toEqual({ snapshot: '', log: '' })
  port.append('a\n')
  port.append('b\n')
  await port.sync()
  port.append('lost\n')
  await journal.close()
  expect(await reopened(path)).toEqual({ snapshot: '', log: 'a\nb\n' })
})

test('a snapshot replaces the log, and a crash while one is written leaves the old pair', async () => {
  const path = folder()
  const journal = new FileJournal(path)
  await journal.read()
  journal.append('a\n')
  await journal.sync()
  await journal.compact('snap one\n')
  journal.append('b\n')
  await journal.sync()
  await journal.close()
  writeFileSync(join(path, 'snapshot.part'), 'half')
  writeFileSync(join(path, 'journal.2'), '')
  expect(await reopened(path)).toEqual({ snapshot: 'snap one\n', log: 'b\n' })
  expect(readdirSync(path).sort()).toEqual(['journal.1', 'snapshot.1'])
})

test('a torn last line is dropped, and later lines do not join it', async () => {
  const path = folder()
  const journal = new FileJournal(path)
  await journal.read()
  journal.append('whole\n')
  await journal.sync()
  await journal.close()
  appendFileSync(join(path, 'journal.0'), 'torn é')
  const again = new FileJournal(path)
  expect(await again.read()).toEqual({ snapshot: '', log: 'whole\n' })
  again.append('next\n')
  await again.sync()
  await again.close()
  expect(await reopened(path)).toEqual({ snapshot: '', log: 'whole\nnext\n' })
})
