import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openDataDir } from './data-dir.ts'

const made: string[] = []
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'serin-data-'))
  made.push(path)
  return path
}
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

test('a new data directory is private, ignored by git and remembers its run', () => {
  const path = join(folder(), 'deep', '.serin')
  const first = openDataDir(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(readFileSync(join(path, '.gitignore'), 'utf8')).toBe('*\n')
  expect(first.previousRun).toBeUndefined()
  first.begin()
  first.write('kubeconfig', 'secret')
  expect(statSync(first.file('kubeconfig')).mode & 0o777).toBe(0o600)
  first.close()
  const second = openDataDir(path)
  expect(second.previousRun).toBe(first.run)
  expect(second.read('kubeconfig')).toBe('secret')
  expect(second.read('other')).toBeUndefined()
  second.close()
})

test('a directory in use is refused with the pid of its holder; after the holder was killed it opens', async () => {
  const path = join(folder(), 'd')
  const code = `import { openDataDir } from '${new URL('./data-dir.ts', import.meta.url).href}'; openDataDir(process.argv[1]); console.log('held'); setInterval(() => 0, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  expect(() => openDataDir(path)).toThrow(`is in use by process ${holder.pid} (`)
  const gone = new Promise((resolve) => holder.once('exit', resolve))
  holder.kill('SIGKILL')
  await gone
  const opened = openDataDir(path)
  expect(JSON.parse(readFileSync(join(path, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
  opened.close()
})

test('a lock whose pid was given to another program is healed', () => {
  const path = join(folder(), 'd')
  openDataDir(path).close()
  writeFileSync(join(path, 'lock'), JSON.stringify({ pid: process.ppid, start: '1' }))
  openDataDir(path).close()
  writeFileSync(join(path, 'lock'), 'torn')
  openDataDir(path).close()
  expect(existsSync(join(path, 'lock'))).toBe(false)
})

test("a folder with somebody's files is not taken over", () => {
  const path = folder()
  writeFileSync(join(path, 'thesis.txt'), 'words')
  expect(() => openDataDir(path)).toThrow('is not empty and was not made by serin')
})

test('a file, and a place where no folder can be made, are refused in words and without end', () => {
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  expect(() => openDataDir(file)).toThrow(`data directory ${file}: EEXIST`)
  expect(() => openDataDir('/proc/serin/deeper')).toThrow('data directory /proc/serin/deeper: ENOENT')
})
