// The echo server of Istio's tcp-echo samples (image tcp-echo-server): every line comes back behind a word of its own.

import { createServer } from 'node:net'
import type { Server } from 'node:net'

/** What is asked for: ports, and the word before each line. */
export interface TcpEchoSettings {
  readonly ports: readonly number[]
  readonly prefix: string
}

/** A line that does not end is cut here. */
const LINE_MAX = 65_536

/** Reads `9000,9001 hello`; a text says what is wrong. */
export function tcpEchoSettings(words: readonly string[]): TcpEchoSettings | string {
  const [list = '', prefix = '', ...more] = words
  const ports = list.split(',').map((port) => (/^\d+$/.test(port) ? Number(port) : -1))
  if (prefix === '' || more.length > 0 || !ports.every((port) => port >= 0 && port <= 65_535))
    return 'tcp-echo takes ports and a word, such as: 9000,9001 hello'
  return { ports, prefix }
}

/** Answers each line as it comes; what is left at the end without a line feed is answered too. */
export function tcpEcho(prefix: string): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    let line = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = (line + text).split('\n')
      line = (lines.pop() ?? '').slice(0, LINE_MAX)
      if (!socket.write(lines.map((each) => `${prefix} ${each}\n`).join(''))) socket.pause()
    })
    socket.on('drain', () => socket.resume())
    socket.on('end', () => socket.end(line === '' ? '' : `${prefix} ${line}`))
    socket.on('error', () => socket.destroy())
  })
}
