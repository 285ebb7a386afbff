import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { listeningRows, wildcardPorts } from './wildcard.ts'

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (address: string, state: string, inode: number): string =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0\n`
const TABLE = [HEADING, row('0100007F:1F90', '0A', 1), row('00000000:0050', '0A', 2), row('0100007F:1F90', '06', 0)].join('')

function pieces(text: string, size: number): { next: () => string; readonly read: () => number } {
  let at = 0
  return { next: () => text.slice(at, (at += size)), read: () => Math.min(at, text.length) }
}

test('those that listen are read, in pieces of any size, and nothing after them', () => {
  const long = TABLE + row('0100007F:1F90', '06', 0).repeat(20_000)
  for (const size of [1, 7, 100, 4096, TABLE.length]) {
    const table = pieces(long, size)
    expect(listeningRows(table.next).map((columns) => [columns[1], columns[9]])).toEqual([
      ['0100007F:1F90', '1'],
      ['00000000:0050', '2']
    ])
    expect(table.read()).toBeLessThan(TABLE.length + 2 * size)
  }
  expect(listeningRows(pieces(HEADING, 10).next)).toEqual([])
  expect(listeningRows(pieces(HEADING + row('0100007F:1F90', '01', 3) + TABLE.slice(HEADING.length), 50).next)).toHaveLength(2)
})

test.runIf(process.platform === 'linux')('a process that listens on every address is found by its group', async () => {
  const [everywhere, own] = [createServer(), createServer()]
  await new Promise<void>((resolve) => everywhere.listen(0, '0.0.0.0', resolve))
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
  const portOf = (server: typeof own): number => (server.address() as AddressInfo).port
  const group = Number(readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[2])
  const ports = wildcardPorts(group)
  expect(ports).toContain(portOf(everywhere))
  expect(ports).not.toContain(portOf(own))
  for (const server of [everywhere, own]) await new Promise((resolve) => server.close(resolve))
})
