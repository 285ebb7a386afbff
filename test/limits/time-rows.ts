// Bounds of time. What is overdue ends with the sweep that follows: within 100 ms here.

import type { Limits } from '../../src/proxy/limits.ts'
import type { Millis } from '../../src/std/clock.ts'
import { ok } from '../proxy-plane.ts'
import type { Ground } from '../upset/ground.ts'
import type { Peer } from '../upset/peer.ts'
import { FINE, GET, answered, post, stall } from './row.ts'
import type { Row } from './row.ts'

const SWEEP = 100

// Nothing happens to the client before the time is over, and something with the next sweep.
async function endsAfter(ground: Ground, client: Peer, time: Millis): Promise<void> {
  const { length } = client
  const happened = (): boolean => client.length > length || client.ended || client.closed
  if (await ground.until(happened, time - 1)) throw new Error(`ended before ${time} ms were over`)
  if (!(await ground.until(happened, SWEEP + 1))) throw new Error(`went on after ${time} ms`)
  await ground.pass(1)
}

export const TIME_ROWS = {
  headerTimeout: {
    limits: { headerTimeout: 3000 },
    play: async (ground) => endsAfter(ground, ground.call('GET / HT'), 3000),
    told: ['408 "the head did not come in time"; ended'],
    lines: ['408 - request_header_timeout']
  },
  requestTimeout: {
    limits: { requestTimeout: 3000 },
    play: async (ground) => endsAfter(ground, ground.call(`${post(10)}x`), 3000),
    told: ['408 "request timeout"; ended'],
    lines: ['408 - request_overall_timeout']
  },
  idleTimeout: {
    limits: { idleTimeout: 3000 },
    play: async (ground) => endsAfter(ground, await answered(ground, GET), 3000 - 1),
    told: ['200 "fine"; ended'],
    lines: [FINE]
  },
  streamIdleTimeout: {
    limits: { streamIdleTimeout: 3000 },
    serve: stall,
    play: async (ground) => endsAfter(ground, ground.call(GET), 3000),
    told: ['408 "stream timeout"; ended'],
    lines: ['408 SI stream_idle_timeout']
  },
  discardTimeout: {
    limits: { discardTimeout: 3000, requestTimeout: 60_000, streamIdleTimeout: 60_000 },
    serve: async (peer) => {
      await peer.head()
      peer.say(ok('early'))
    },
    play: async (ground) => endsAfter(ground, await answered(ground, post(10)), 3000 - 1),
    told: ['200 "early"; ended'],
    lines: [FINE]
  },
  drainTimeout: {
    limits: { drainTimeout: 3000 },
    serve: stall,
    play: async (ground) => {
      const client = ground.call(GET)
      await ground.until(() => ground.stat('upstream_rq_active') === 1)
      const gone = ground.plane.unlisten('http')
      await endsAfter(ground, client, 3000)
      await gone
    },
    told: ['nothing; ended'],
    lines: ['0 DC downstream_remote_disconnect']
  }
} satisfies Partial<Record<keyof Limits, Row>>
