// Connections without a request are not looked at every period, and end in time all the same.

import { expect, test } from 'vitest'
import { Ground } from '../upset/ground.ts'
import { GET, answered, serveFine } from './row.ts'

const CLIENTS = 20
const IDLE = 20_000

test('idle connections on both sides rest, one with a request does not, and each ends when its time is over', async () => {
  const ground = await Ground.open({
    readMode: 'buffer',
    serve: serveFine,
    limits: { idleTimeout: IDLE },
    cluster: { idleTimeout: IDLE + 5000 }
  })
  const clients = Array.from({ length: CLIENTS }, () => ground.call(GET))
  await ground.until(() => clients.every(({ length }) => length > 0))
  await ground.pass(300)
  const { plane } = ground
  expect(plane.watched).toBeGreaterThan(CLIENTS)
  expect(plane.resting).toBe(plane.watched)
  const [first] = clients
  await ground.pass(10_000)
  first?.say('GET / HT')
  await ground.pass(1)
  expect(plane.resting).toBe(plane.watched - 1)
  first?.say('TP/1.1\r\nHost: a\r\n\r\n')
  await ground.pass(300)
  expect(plane.resting).toBe(plane.watched)
  // The others have 9.7 s left, and at most one period.
  await ground.pass(9000)
  expect(clients.filter(({ ended }) => ended)).toEqual([])
  await ground.pass(900)
  expect(clients.filter(({ ended }) => !ended)).toEqual([first])
  expect(await ground.until(() => first?.ended === true, 10_000)).toBe(true)
  expect(plane.recorder.reached()).toEqual({ idleTimeout: CLIENTS })
  await ground.pass(20_000)
  expect(ground.stat('upstream_cx_idle_timeout')).toBe(ground.server.peers.length)
  expect(plane.watched).toBe(0)
  expect((await answered(ground, GET)).text).toContain('fine')
})
