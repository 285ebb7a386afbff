import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished, test } from 'vitest'
import { tcpEcho, tcpEchoSettings } from './tcp-echo.ts'

it('every line comes back behind the word, the last one without a line feed too', async () => {
  const server = tcpEcho('hello')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.on('data', (piece) => (text += piece.toString()))
  socket.write('wor')
  socket.write('ld\nagain\n')
  socket.end('last')
  await new Promise((resolve) => socket.once('end', resolve))
  expect(text).toBe('hello world\nhello again\nhello last')
})

test.each([
  [['9000,9001', 'hello'], { ports: [9000, 9001], prefix: 'hello' }],
  [['9000'], expect.stringContaining('9000,9001 hello')],
  [['x', 'hello'], expect.stringContaining('ports')],
  [['9000', 'a', 'b'], expect.stringContaining('ports')],
  [['70000', 'a'], expect.stringContaining('ports')]
])('%o', (words, said) => {
  expect(tcpEchoSettings(words)).toEqual(said)
})
