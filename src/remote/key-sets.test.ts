import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { KeySets } from './key-sets.ts'

const ONE = '{"keys":[{"kid":"1"}]}'
const TWO = '{"keys":[{"kid":"2"}]}'
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serin-keys-'))
})
afterEach(() => rm(folder, { recursive: true }))

interface Opened {
  readonly clock: VirtualClock
  readonly sets: KeySets
  readonly lines: string[]
  /** Resolves at the next change. */
  readonly changed: () => Promise<void>
}

function open(): Opened {
  const clock = new VirtualClock()
  const lines: string[] = []
  let tell: () => void = () => undefined
  const sets = new KeySets({ clock, log: (line) => lines.push(line), changed: () => tell() })
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      tell = resolve
    })
  return { clock, sets, lines, changed }
}

test('a file is read, and read again when it changes', async () => {
  const { clock, sets, changed } = open()
  const path = join(folder, 'keys.json')
  const uri = pathToFileURL(path).href
  await writeFile(path, ONE)
  await sets.follow(new Set([uri]))
  expect(sets.sets).toEqual({ [uri]: ONE })
  await writeFile(path, TWO)
  const change = changed()
  await clock.advance(2000)
  await change
  expect(sets.sets).toEqual({ [uri]: TWO })
})

test('what was there last stays while it cannot be had, which is told once', async () => {
  const { clock, sets, lines, changed } = open()
  const path = join(folder, 'keys.json')
  const uri = pathToFileURL(path).href
  await writeFile(path, ONE)
  await sets.follow(new Set([uri]))
  await writeFile(path, 'half a fi')
  await clock.advance(2000)
  await expect.poll(() => lines.length).toBe(1)
  expect(sets.sets).toEqual({ [uri]: ONE })
  expect(sets.troubles()).toHaveLength(1)
  await writeFile(path, TWO)
  const change = changed()
  await clock.advance(1000)
  await change
  expect([sets.sets, sets.troubles()]).toEqual([{ [uri]: TWO }, []])
})

test('a server on this machine is asked; what is no key set is none', async () => {
  let body = ONE
  const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  const { sets } = open()
  await sets.follow(new Set([uri]))
  expect(sets.sets).toEqual({ [uri]: ONE })
  body = '[]'
  const other = open().sets
  await other.follow(new Set([uri]))
  expect([other.sets, other.troubles()]).toEqual([{}, [`the keys of ${uri} cannot be had: it is not a JSON Web Key Set`]])
  server.close()
})

test('nothing else is asked, too much is not read, and what nobody follows is forgotten', async () => {
  const { sets } = open()
  const path = join(folder, 'long.json')
  await writeFile(path, ' '.repeat(1_000_001))
  await sets.follow(new Set(['https://issuer.example.com/keys', pathToFileURL(path).href]))
  expect(sets.troubles().map((line) => line.replace(/^.*: /, ''))).toEqual([
    'of this machine are fetched',
    'it is longer than 1000000 bytes'
  ])
  await sets.follow(new Set())
  expect(sets.troubles()).toEqual([])
})
