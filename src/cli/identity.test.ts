import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type DataDir, openDataDir } from '../host/data-dir.ts'
import { apiIdentity } from './identity.ts'

const folder = mkdtempSync(join(tmpdir(), 'serin-identity-'))
const dir: DataDir = openDataDir(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('token and authority are kept from one start to the next; the server certificate is new', () => {
  const [one, two] = [apiIdentity(dir, Date.now()), apiIdentity(dir, Date.now())]
  expect(two).toMatchObject({ token: one.token, authority: one.authority })
  expect(two.server.certificate).not.toBe(one.server.certificate)
})

test.each(['', '\n', 'short', 'two words of which none is a secret'])(
  'a token file with %j is replaced: nobody comes in by guessing',
  (text) => {
    dir.write('token', text)
    expect(apiIdentity(dir, Date.now()).token).toMatch(/^[\w-]{32}$/)
  }
)

test.each(['', '{"key', '{}', '{"key":"k","certificate":"c"}'])('an authority of %j is refused with the file and the way out', (text) => {
  const kept = dir.read('ca.json') ?? ''
  dir.write('ca.json', text)
  expect(() => apiIdentity(dir, Date.now())).toThrow(`${join(folder, 'ca.json')} is damaged: remove it`)
  dir.write('ca.json', kept)
})
