import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  bodyOf,
  cleanups,
  cluster,
  counted,
  endpoint,
  forward,
  get,
  ok,
  onHeads,
  plane,
  statusOf,
  table,
  talk,
  until,
  upstream
} from '../../test/proxy-plane.ts'
import type { DataPlaneOptions } from './data-plane.ts'
import { copyHead } from './copies.ts'

const ALL = 1_000_000
const mirrored = (to: readonly string[], timeout = 0) =>
  forward([['c', 1]], { mirrors: to.map((id) => ({ cluster: id, millionths: ALL })), timeout })

async function mesh(first: number, mirror: number, more: Partial<DataPlaneOptions> = {}, timeout = 0) {
  return plane(table([cluster('c', [endpoint(first)]), cluster('m', [endpoint(mirror, 'm')])], [mirrored(['m', 'none'], timeout)]), more)
}

test('a copy says that it comes from inside, and by whom', () => {
  const text = 'GET / HTTP/1.1\r\nhost: a\r\n'
  expect(copyHead(text, '127.0.0.1:80', false)).toBe(`${text}x-forwarded-for: 127.0.0.1\r\nx-envoy-internal: true\r\n\r\n`)
  expect(copyHead(`${text}X-Forwarded-For: 10.0.0.1\r\nx-b: 1\r\n`, '127.0.0.1:80', false)).toContain(
    'X-Forwarded-For: 10.0.0.1,127.0.0.1\r\nx-b: 1'
  )
})

test.each([
  ['shop.example.com', 'shop.example.com-shadow'],
  ['shop:8080', 'shop-shadow:8080']
])('where older meshes are to be met, the host %s becomes %s', (host, shadow) => {
  expect(copyHead(`GET / HTTP/1.1\r\nX-A: host\r\nHost: ${host}\r\n`, '127.0.0.1:80', true)).toContain(`X-A: host\r\nHost: ${shadow}\r\n`)
})

test('a copy has head and body of the request; its answer is dropped and its connection used again', async () => {
  const bodies: string[] = []
  let accepted = 0
  const echo = await upstream((socket) => socket.on('data', () => socket.write(ok('mine'))))
  const mirror = await upstream((socket) => {
    accepted++
    socket.on('data', (bytes) => {
      bodies.push(bytes.toString('latin1'))
      socket.write(ok('x'.repeat(100_000)))
    })
  })
  const { plane: made, port } = await mesh(echo, mirror)
  for (let turn = 0; turn < 3; turn++) {
    const post = `POST /p${turn} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello`
    expect(bodyOf(await talk(port, post))).toBe('mine')
    await until(() => counted(made, 'destination').includes(`m 200 - ${turn + 1}`))
  }
  expect(bodies.map((text) => text.split(' ')[1])).toEqual(['/p0', '/p1', '/p2'])
  expect(bodies.every((text) => text.endsWith('\r\n\r\nhello'))).toBe(true)
  expect(accepted).toBe(1)
  expect(counted(made)).toEqual(['v1 200 - 3'])
})

test('a mirror that never answers, refuses or breaks off is not noticed', async () => {
  const echo = await upstream((socket) => onHeads(socket, () => ok('mine')))
  const silent = await upstream(() => undefined)
  const rude = await upstream((socket) => socket.destroy())
  const slow = await mesh(echo, silent)
  expect(bodyOf(await talk(slow.port, get()))).toBe('mine')
  const broken = await mesh(echo, rude)
  expect(bodyOf(await talk(broken.port, get()))).toBe('mine')
  const refused = await mesh(echo, 1)
  expect(bodyOf(await talk(refused.port, get()))).toBe('mine')
})

test('with copiesMax copies in flight no more are begun, and the bound is counted', async () => {
  const echo = await upstream((socket) => onHeads(socket, () => ok('mine')))
  let asked = 0
  const silent = await upstream((socket) => socket.on('data', () => asked++))
  const { plane: made, port } = await mesh(echo, silent, { limits: { copiesMax: 2 } })
  for (let turn = 0; turn < 5; turn++) expect(statusOf(await talk(port, get()))).toBe(200)
  await until(() => asked === 2)
  expect(made.recorder.reached()['copiesMax']).toBe(3)
})

test('a copy that cannot take the body is given up; the request goes on', async () => {
  const size = 8 * 1024 * 1024
  const echo = await upstream((socket) => {
    let left = size
    socket.on('data', (bytes) => {
      const at = bytes.indexOf('\r\n\r\n')
      left -= at >= 0 && bytes.includes('POST') ? bytes.length - at - 4 : bytes.length
      if (left === 0) socket.write(ok('all'))
    })
  })
  const deaf = await upstream((socket) => socket.pause())
  const { plane: made, port } = await mesh(echo, deaf, { limits: { copyBytesMax: 100_000 } })
  const head = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`
  expect(bodyOf(await talk(port, head + 'b'.repeat(size)))).toBe('all')
  expect(made.recorder.reached()['copyBytesMax']).toBe(1)
})

test('a client that goes away in the middle of its request takes the copy with it; a complete one is sent', async () => {
  const echo = await upstream(() => undefined)
  const sockets: Socket[] = []
  const mirror = await upstream((socket) => sockets.push(socket.resume()))
  const { port } = await mesh(echo, mirror)
  const half = connect({ port, host: '127.0.0.1' })
  cleanups.push(() => half.destroy())
  half.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
  await until(() => sockets.length === 1)
  half.destroy()
  await until(() => sockets[0]?.readableEnded === true)
  const whole = connect({ port, host: '127.0.0.1' })
  cleanups.push(() => whole.destroy())
  whole.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => (sockets[1]?.bytesRead ?? 0) > 0)
  expect(sockets[1]?.readableEnded).toBe(false)
})
