import { connect } from 'node:net'
import { expect, test } from 'vitest'
import {
  cleanups,
  cluster,
  counted,
  endpoint,
  forward,
  get,
  noticing,
  ownTime,
  plane,
  realClock,
  statusOf,
  table,
  talk,
  until
} from '../../test/proxy-plane.ts'
import type { AccessLogSpec } from './access-log.ts'
import type { DataPlane, DataPlaneOptions } from './data-plane.ts'

const LOG: AccessLogSpec = { encoding: 'text', format: undefined, routes: 'all' }
const ALL = 1_000_000

async function delaying(millis: number, more: Partial<DataPlaneOptions> = {}): Promise<{ plane: DataPlane; port: number }> {
  const fault = { delay: { millis, millionths: ALL }, abort: { status: 418, grpc: undefined, millionths: ALL } }
  return plane(table([cluster('c', [endpoint(1)])], [forward([['c', 1]], { fault })]), { accessLog: LOG, ...more })
}

/** Response code, flags and details of each line. */
const answersOf = (made: DataPlane): string[] =>
  made.takeLog().map(([, line]) => line.split('" ')[1]?.split(' ').slice(0, 3).join(' ') ?? '')

test('an abort behind a delay counts once, when it is given', async () => {
  const { plane: made, port } = await delaying(20)
  expect(statusOf(await talk(port, get()))).toBe(418)
  expect(counted(made)).toEqual(['unknown 418 DI,FI 1'])
  expect(answersOf(made)).toEqual(['418 DI,FI fault_filter_abort'])
})

test('a client that goes during the delay counts as one that went', async () => {
  const { clock, waits } = noticing(realClock, 60_000)
  const { plane: made, port } = await delaying(60_000, { clock })
  const socket = connect({ port, host: '127.0.0.1' })
  cleanups.push(() => socket.destroy())
  socket.write(get())
  await until(waits)
  socket.resetAndDestroy()
  await until(() => counted(made).length > 0)
  expect(counted(made)).toEqual(['unknown 0 DI,DC 1'])
  expect(answersOf(made)).toEqual(['0 DI,DC downstream_remote_disconnect'])
})

test('a request that is not complete in time is answered so, and counts once', async () => {
  const time = ownTime()
  const { clock, waits } = noticing(time.clock, 60_000)
  const { plane: made, port } = await delaying(60_000, { limits: { requestTimeout: 1000 }, ...time, clock })
  const answer = talk(port, 'POST / HTTP/1.1\r\nHost: reviews\r\nContent-Length: 9\r\n\r\nabc')
  await until(waits)
  await time.clock.advance(1100)
  expect(statusOf(await answer)).toBe(408)
  expect(counted(made)).toEqual(['unknown 408 DI 1'])
  expect(answersOf(made)).toEqual(['408 DI request_overall_timeout'])
})
