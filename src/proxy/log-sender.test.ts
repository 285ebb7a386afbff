// How lines leave a worker: in time order, in few writes, none lost at an orderly end, and within their bound when nobody reads.

import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { VirtualClock } from '../std/clock.ts'
import { AccessLog } from './access-log.ts'
import { NO_REQUEST, knownHere } from './known.ts'
import { LogFrames } from './log-frames.ts'
import { LogSender } from './log-sender.ts'

/** A reader that takes what it is given when it is let. */
class Reader extends Writable {
  readonly #frames = new LogFrames()
  readonly lines: string[] = []
  writes = 0
  #reads: boolean
  #waiting: (() => void) | undefined

  constructor(reads = true) {
    super()
    this.#reads = reads
  }

  go(): void {
    this.#reads = true
    this.#waiting?.()
    this.#waiting = undefined
  }

  override _write(bytes: Buffer, _: unknown, done: () => void): void {
    this.writes++
    const take = (): void => {
      this.lines.push(...this.#frames.read(Buffer.from(bytes)).map(([, text]) => text))
      done()
    }
    if (this.#reads) take()
    else this.#waiting = take
  }
}

function logTo(reader: Writable, bytesMax = 4_000_000) {
  const clock = new VirtualClock()
  let left = 0
  const bounds = { clocks: { clock, monotonic: () => clock.now() }, bytesMax, onFull: () => left++ }
  const log = new AccessLog({ encoding: 'text', format: '%ROUTE_NAME%', routes: 'all' }, bounds)
  const write = (name: string): void => {
    const here = { request: NO_REQUEST, place: {}, client: { remote: '', local: '' }, started: 0, received: 0 }
    const route = { virtualService: undefined, name, index: 0 }
    log.write('', knownHere({ ...here, route }, { status: 200, flag: '-', details: '', body: '', lines: '' }))
  }
  return { clock, write, sender: new LogSender(log, clock, reader), leftOut: () => left }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('lines wait a tenth of a second for others, and leave in one write', async () => {
  const reader = new Reader()
  const { clock, write } = logTo(reader)
  write('a')
  await clock.advance(99)
  write('b')
  expect(reader.lines).toEqual([])
  await clock.advance(1)
  expect(reader).toMatchObject({ lines: ['a', 'b'], writes: 1 })
  write('c')
  await turn()
  expect(reader.lines).toHaveLength(2)
  await clock.advance(100)
  expect(reader).toMatchObject({ lines: ['a', 'b', 'c'], writes: 2 })
})

test('a full chunk waits for nothing; what is begun of the next one has its time', async () => {
  const reader = new Reader()
  const { clock, write } = logTo(reader)
  const name = 'x'.repeat(1000)
  for (let index = 0; index < 70; index++) write(`${name}${index}`)
  await turn()
  expect(reader.writes).toBe(1)
  expect(reader.lines.length).toBeGreaterThan(60)
  await clock.advance(100)
  expect(reader.lines).toEqual(Array.from({ length: 70 }, (_, index) => `${name}${index}`))
})

test('while nobody reads, lines stay within their bound, the others are counted; then those that were kept come, in order', async () => {
  const reader = new Reader(false)
  const { write, sender, leftOut } = logTo(reader, 200_000)
  const name = 'x'.repeat(1000)
  for (let index = 0; index < 1000; index++) write(`${name}${index}`)
  await turn()
  expect(reader.writes).toBe(1)
  const flushed = sender.flush()
  reader.go()
  await flushed
  // One chunk is on its way besides.
  expect(reader.lines.length).toBeGreaterThan(200)
  expect(reader.lines.length).toBeLessThan(300)
  expect(reader.lines.length + leftOut()).toBe(1000)
  expect(reader.lines).toEqual(reader.lines.map((_, index) => `${name}${index}`))
})

test('at an orderly end all lines leave at once', async () => {
  const reader = new Reader()
  const { clock, write, sender } = logTo(reader)
  for (const name of ['a', 'b', 'c']) write(name)
  await sender.flush()
  expect(reader.lines).toEqual(['a', 'b', 'c'])
  expect(clock.now()).toBe(0)
})

test('where nobody is left to read, an end waits for nobody', async () => {
  const reader = new Reader()
  const { write, sender } = logTo(reader)
  reader.destroy(new Error('gone'))
  for (const name of ['a', 'b']) write(name)
  await sender.flush()
  expect(reader.lines).toEqual([])
})
