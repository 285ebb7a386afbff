// Connections to echo servers (image tcp-echo-server), which put a word before each line.

import { connect } from 'node:net'

/** Which words echo servers put before a line, each on a connection of its own, and how often; ten at a time. */
export async function echoes(count: number, port: number, host: string): Promise<Record<string, number>> {
  const words: Record<string, number> = {}
  const one = async (): Promise<void> => {
    const [word = ''] = (await echoed(port, host)).split(' ')
    words[word] = (words[word] ?? 0) + 1
  }
  for (let at = 0; at < count; at += 10) await Promise.all(Array.from({ length: 10 }, one))
  return words
}

function echoed(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    let text = ''
    socket.on('data', (piece) => (text += piece.toString()))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.end('hi\n')
  })
}
