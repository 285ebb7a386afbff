import fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { helloFor } from '../../test/client-hello.ts'
import { HELLO_MAX, readServerName } from './server-name.ts'

const MORE = { kind: 'more' }
const NOBODY = { kind: 'read', name: '' }

/** The message of a hello of one record, cut into records of some lengths. */
function inRecords(hello: Buffer, lengths: readonly number[]): Buffer {
  const parts: Buffer[] = []
  let rest = hello.subarray(5)
  for (const length of [...lengths, rest.length]) {
    const piece = rest.subarray(0, length)
    if (piece.length === 0) continue
    parts.push(Buffer.of(22, 3, 1, piece.length >> 8, piece.length & 0xff), piece)
    rest = rest.subarray(piece.length)
  }
  return Buffer.concat(parts)
}

it('the name of a hello is read once all of it is there, in lower case', async () => {
  const hello = await helloFor('Shop.Example')
  for (let length = 0; length < hello.length; length += 1) expect(readServerName(hello.subarray(0, length))).toEqual(MORE)
  expect(readServerName(hello)).toEqual({ kind: 'read', name: 'shop.example' })
  expect(readServerName(Buffer.concat([hello, Buffer.from('more')]))).toEqual({ kind: 'read', name: 'shop.example' })
})

it('a hello without a name names nobody', async () => {
  expect(readServerName(await helloFor(''))).toEqual(NOBODY)
})

it('a hello may be cut into records, but not into very many', async () => {
  const hello = await helloFor('a.example')
  expect(readServerName(inRecords(hello, [1, 2, 30, 100]))).toEqual({ kind: 'read', name: 'a.example' })
  expect(readServerName(inRecords(hello, [1, 2, 30]).subarray(0, 40))).toEqual(MORE)
  expect(
    readServerName(
      inRecords(
        hello,
        Array.from({ length: 20 }, () => 1)
      )
    )
  ).toEqual(NOBODY)
})

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1')],
  ['an alert', Buffer.of(21, 3, 1, 0, 2, 1, 0)],
  ['another message', Buffer.of(22, 3, 1, 0, 1, 2)],
  ['an empty record', Buffer.of(22, 3, 1, 0, 0)],
  ['a hello that never ends', Buffer.concat([Buffer.of(22, 3, 1, 0xff, 0xff, 1, 0xff, 0xff, 0xff), Buffer.alloc(HELLO_MAX)])]
])('%s names nobody', (_, bytes) => {
  expect(readServerName(bytes)).toEqual(NOBODY)
})

it('whatever comes gives an answer, and no name that could break a line of the log', async () => {
  const hello = await helloFor('name.example')
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.tuple(fc.nat(hello.length - 1), fc.nat(255)).map(([at, value]) => {
      const changed = Uint8Array.from(hello)
      changed[at] = value
      return changed
    })
  )
  fc.assert(
    fc.property(bytes, (some) => {
      const said = readServerName(Buffer.from(some))
      expect(said.kind === 'more' || /^[\w.-]{0,255}$/.test(said.name)).toBe(true)
    })
  )
})
