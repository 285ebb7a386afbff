// Bounds of messages: heads, framing, what is kept of a request, what may wait.

import type { Limits } from '../../src/proxy/limits.ts'
import type { Endpoint, TableChange } from '../../src/route/route-table.ts'
import { cluster, forward, ok, table } from '../proxy-plane.ts'
import { CHUNKED, FINE, GET, answered, post, says, serveFine, stall } from './row.ts'
import type { Row } from './row.ts'

const BAD_CHUNKS = '400 "the chunked framing of the body is malformed"; ended'
const RETRY = { attempts: 2, perTryTimeout: 0, on: ['reset'], statuses: [], avoidTried: false, backoffBase: 1, backoffMax: 2 }

// All requests go to the first endpoint, copies of them to the second.
function mirrored([first, second]: readonly Endpoint[]): readonly TableChange[] {
  const clusters = [cluster('c', first === undefined ? [] : [first]), cluster('d', second === undefined ? [] : [second])]
  return table(clusters, [forward([['c', 1]], { mirrors: [{ cluster: 'd', millionths: 1_000_000 }] })])
}

export const MESSAGE_ROWS = {
  headBytesMax: {
    limits: { headBytesMax: 1024 },
    play: says(GET.replace('\r\n\r\n', `\r\nX: ${'x'.repeat(1024)}\r\n\r\n`)),
    told: ['431 "the message head is longer than 1024 bytes"; ended'],
    lines: ['431 - http1.headers_too_large']
  },
  interimBytesMax: {
    limits: { interimBytesMax: 1024 },
    serve: async (peer) => {
      await peer.head()
      peer.say('HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'.repeat(40))
    },
    play: says(GET),
    told: ['502 "reset reason: protocol error"; open'],
    lines: ['502 UPE upstream_reset_before_response_started{protocol_error}']
  },
  fieldsMax: {
    limits: { fieldsMax: 16 },
    play: says(GET.replace('\r\n\r\n', `\r\n${'X: y\r\n'.repeat(16)}\r\n`)),
    told: ['431 "more than 16 header fields"; ended'],
    lines: ['431 - http1.headers_too_large']
  },
  nominationsMax: {
    limits: { nominationsMax: 2 },
    play: says(GET.replace('\r\n\r\n', '\r\nConnection: a, b\r\n\r\n')),
    told: ['400 "2 names or more in Connection"; ended'],
    lines: ['400 DPE http1.codec_error']
  },
  chunkExtensionBytesMax: {
    limits: { chunkExtensionBytesMax: 4 },
    play: says(`${CHUNKED}1;a=bcde\r\nx\r\n0\r\n\r\n`),
    told: [BAD_CHUNKS],
    lines: ['400 DPE http1.codec_error']
  },
  trailerBytesMax: {
    limits: { trailerBytesMax: 8 },
    play: says(`${CHUNKED}1\r\nx\r\n0\r\nX-Sum: 1234\r\n\r\n`),
    told: [BAD_CHUNKS],
    lines: ['400 DPE http1.codec_error']
  },
  retainBytesMax: {
    limits: { retainBytesMax: 1000 },
    action: { retry: RETRY },
    serve: async (peer) => {
      await peer.request()
      peer.reset()
    },
    // It cannot be tried again.
    play: says(post(2000) + 'x'.repeat(2000)),
    told: ['503 "reset reason: connection termination"; open'],
    lines: ['503 UC upstream_reset_before_response_started{connection_termination}']
  },
  pendingBytesMax: {
    limits: { pendingBytesMax: 1024 },
    serve: async (peer) => {
      await peer.request()
      // More than the system keeps for two connections.
      peer.say(ok('x'.repeat(16_777_216)))
    },
    play: async (ground) => {
      const client = ground.call(GET)
      client.deaf()
      await ground.pass(1000)
      client.close()
      await ground.pass(1)
    },
    told: ['nothing; ended'],
    lines: ['200 DC downstream_remote_disconnect']
  },
  discardBytesMax: {
    limits: { discardBytesMax: 1000 },
    serve: async (peer) => {
      await peer.head()
      peer.say(ok('early'))
    },
    play: async (ground) => {
      const client = await answered(ground, post(100_000))
      client.say('x'.repeat(2000))
      await ground.until(() => client.closed)
    },
    told: ['200 "early"; ended'],
    lines: [FINE]
  },
  copyBytesMax: {
    limits: { copyBytesMax: 1024, retainBytesMax: 33_554_432 },
    rules: mirrored,
    serve: [serveFine, async (peer) => peer.deaf()],
    play: async (ground) => {
      const client = ground.call(`${post(16_777_216)}x`)
      await ground.pass(1)
      client.say('x'.repeat(16_777_215))
      await ground.until(() => client.length > 0)
      await ground.pass(1)
    },
    told: ['200 "fine"; open'],
    lines: [FINE]
  },
  copiesMax: {
    limits: { copiesMax: 1 },
    rules: mirrored,
    serve: [serveFine, stall],
    play: says(GET.repeat(2)),
    told: ['200 "fine", 200 "fine"; open'],
    lines: [FINE, FINE]
  },
  accessLogBytesMax: {
    limits: { accessLogBytesMax: 1 },
    play: says(GET),
    told: ['200 "fine"; open'],
    // That of the called pod comes first and fits.
    lines: []
  }
} satisfies Partial<Record<keyof Limits, Row>>
