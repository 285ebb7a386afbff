// Bounds of how much there may be at a time: connections, requests, what is kept between requests.

import type { LimitName } from '../../src/proxy/limits.ts'
import type { TableChange } from '../../src/route/route-table.ts'
import type { TokenRule } from '../../src/route/token-rule.ts'
import { cluster, forward, ok, table } from '../proxy-plane.ts'
import { issuer } from '../tokens.ts'
import type { Ground } from '../upset/ground.ts'
import { FINE, GET, answered, post, says, stall } from './row.ts'
import type { Row } from './row.ts'

const REFUSED = '401 "Jwt verification fails"; open'
const BAD = '401 - jwt_authn_access_denied{Jwt_verification_fails}'

const [ONE, TWO] = [issuer('https://one', 'one'), issuer('https://two', 'two')]

function ruleOf(name: string, keys: string): TokenRule {
  const none = { audiences: [], headers: [], parameters: [], cookies: [], claimHeaders: [], lists: [] }
  return { ...none, issuer: name, keys, forwards: false, payloadHeader: undefined }
}

// A gateway that looks at tokens.
const looking =
  (...tokens: readonly TokenRule[]): NonNullable<Row['rules']> =>
  (endpoints) =>
    table([cluster('c', endpoints)], [forward([['c', 1]])]).map((change): TableChange =>
      change.kind === 'put-scope' ? { ...change, scope: { ...change.scope, tokens } } : change
    )

// One client after the other, each with a token. Checking takes real time.
const withTokens =
  (...tokens: readonly string[]): Row['play'] =>
  async (ground) => {
    for (const token of tokens) {
      const client = ground.call(GET.replace('\r\n\r\n', `\r\nAuthorization: Bearer ${token}\r\n\r\n`))
      while (client.length === 0) {
        await ground.pass(0)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await ground.pass(1)
    }
  }

const forged = (token: string): string => `${token.slice(0, -8)}AAAAAAAA`
const bothKeys = JSON.stringify({ keys: [ONE, TWO].flatMap(({ keys }) => (JSON.parse(keys) as { keys: object[] }).keys) }).replaceAll(
  /"kid":"\w+",/g,
  ''
)

// The second client comes while the first is there.
const twoAtOnce: Row['play'] = async (ground) => {
  ground.call(GET)
  await ground.until(() => ground.stat('upstream_rq_active') === 1)
  await answered(ground, GET)
}

const ONE_TOO_MANY = { told: ['nothing; open', 'nothing; ended'], lines: [], left: ['2 clients, 1 came, 1 went'] }

// A port that nobody else has, and its own endpoint in absolute form.
async function outside(ground: Ground): Promise<void> {
  for (const { port } of ground.servers) await answered(ground, `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: a\r\n\r\n`)
}

export const LOAD_ROWS = {
  connectionsMax: { limits: { connectionsMax: 1 }, serve: stall, play: twoAtOnce, ...ONE_TOO_MANY },
  openFilesMax: { limits: {}, plane: { openFiles: 2 }, serve: stall, play: twoAtOnce, ...ONE_TOO_MANY },
  requestsMax: {
    limits: { requestsMax: 1 },
    serve: stall,
    play: twoAtOnce,
    told: ['nothing; open', '503 "envoy overloaded"; open'],
    lines: ['503 OM overload']
  },
  // A body that waits for a connection is kept: the next request finds no room.
  keptBytesMax: {
    limits: { keptBytesMax: 10 },
    calls: 'unanswered',
    play: async (ground) => {
      ground.call(`${post(10)}0123456789`)
      await ground.until(() => ground.stat('upstream_rq_pending_active') === 1)
      await answered(ground, GET)
    },
    told: ['nothing; open', '503 "envoy overloaded"; open'],
    lines: ['503 OM overload']
  },
  idlePerEndpointMax: {
    limits: { idlePerEndpointMax: 1 },
    serve: async (peer) => {
      await peer.request()
      await peer.later(10)
      peer.say(ok('fine'))
    },
    play: async (ground) => {
      const clients = [ground.call(GET), ground.call(GET)]
      await ground.until(() => clients.every(({ length }) => length > 0))
      await ground.pass(1)
    },
    told: ['200 "fine"; open', '200 "fine"; open'],
    lines: [FINE, FINE]
  },
  outsideAddressesMax: {
    limits: { outsideAddressesMax: 1 },
    entry: { kind: 'mesh', caller: { namespace: 'default', labels: {} } },
    rules: () => [],
    serve: [
      async (peer) => {
        await peer.request()
        peer.say(ok('one'))
      },
      async (peer) => {
        await peer.request()
        peer.say(ok('two'))
      }
    ],
    play: outside,
    told: ['200 "one"; open', '200 "two"; open'],
    lines: [FINE, FINE],
    // Counted for another port and another cluster.
    left: ['upstream_cx_active: 0 instead of 1', '2 clients, 0 came, 0 went']
  },
  staleTriesMax: {
    limits: { staleTriesMax: 0 },
    // Its connection answers one request and resets the next.
    serve: async (peer) => {
      await peer.request()
      peer.say(ok('fine'))
      await peer.request()
      peer.reset()
    },
    play: async (ground) => {
      await answered(ground, GET)
      await answered(ground, GET)
    },
    told: ['200 "fine"; open', '503 "reset reason: connection termination"; open'],
    lines: [FINE, '503 UC upstream_reset_before_response_started{connection_termination}']
  },
  freeBuffersMax: {
    limits: { freeBuffersMax: 0 },
    // Longer than what is read without a buffer of its own.
    serve: async (peer) => {
      await peer.request()
      peer.say(ok('x'.repeat(10_000), 'Connection: close\r\n'))
    },
    play: says(GET),
    told: ['200 "10000 bytes"; open'],
    lines: [FINE]
  },
  goodTokensMax: {
    limits: { goodTokensMax: 1 },
    rules: looking(ruleOf(ONE.name, ONE.keys)),
    play: withTokens(ONE.token({ sub: 'ann' }), ONE.token({ sub: 'bob' })),
    told: ['200 "fine"; open', '200 "fine"; open'],
    lines: [FINE, FINE]
  },
  badTokensMax: {
    limits: { badTokensMax: 1 },
    rules: looking(ruleOf(ONE.name, ONE.keys)),
    play: withTokens(forged(ONE.token({ sub: 'ann' })), forged(ONE.token({ sub: 'bob' }))),
    told: [REFUSED, REFUSED],
    lines: [BAD, BAD]
  },
  tokenBytesMax: {
    limits: { tokenBytesMax: 10 },
    rules: looking(ruleOf(ONE.name, ONE.keys)),
    play: withTokens(ONE.token()),
    told: ['200 "fine"; open'],
    lines: [FINE]
  },
  keySetsMax: {
    limits: { keySetsMax: 1 },
    rules: looking(ruleOf(ONE.name, ONE.keys), ruleOf(TWO.name, TWO.keys)),
    play: withTokens(ONE.token(), TWO.token()),
    told: ['200 "fine"; open', '200 "fine"; open'],
    lines: [FINE, FINE]
  },
  keysMax: {
    limits: { keysMax: 1 },
    rules: looking(ruleOf(TWO.name, bothKeys)),
    play: withTokens(TWO.token({}, { kid: undefined })),
    told: [REFUSED],
    lines: [BAD]
  }
} satisfies Partial<Record<LimitName, Row>>
