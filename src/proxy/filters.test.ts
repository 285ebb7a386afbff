// Tokens through a data plane: who waits while one is checked, what goes upstream, and what clients with bad intentions get.

import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import {
  bodyOf,
  cleanups,
  cluster,
  counted,
  endpoint,
  forward,
  get,
  ok,
  plane,
  statusOf,
  table,
  talk,
  upstream
} from '../../test/proxy-plane.ts'
import { encoded, issuer, tokenRule } from '../../test/tokens.ts'
import type { ClaimTest, TokenRule } from '../route/token-rule.ts'
import type { TableChange } from '../route/route-table.ts'
import type { DataPlane } from './data-plane.ts'

const ISSUER = issuer()

const ruleOf = (rest: Partial<TokenRule> = {}): TokenRule => tokenRule({ issuer: ISSUER.name, keys: ISSUER.keys, ...rest })

interface Opened {
  readonly port: number
  readonly plane: DataPlane
  readonly heard: () => string
}

/** A gateway that looks at tokens: who has the claim group vip is answered by `vip`, all others by `all`. */
async function gateway(rule: TokenRule = ruleOf()): Promise<Opened> {
  let heard = ''
  const pod = (name: string): Promise<number> =>
    upstream((socket) => {
      socket.on('data', (bytes) => {
        const text = bytes.toString('latin1')
        heard += text
        if (/\r\n\r\n/.test(text)) socket.write(ok(name), 'latin1')
      })
    })
  const [vip, all] = [await pod('vip'), await pod('all')]
  const claims: ClaimTest[] = [{ path: ['group'], invert: false, test: { kind: 'exact', value: 'vip' } }]
  const routes = [{ ...forward([['vip', 1]]), claims }, forward([['all', 1]])]
  const changes = table([cluster('vip', [endpoint(vip)]), cluster('all', [endpoint(all)])], routes).map((change): TableChange =>
    change.kind === 'put-scope' ? { ...change, scope: { ...change.scope, tokens: [rule] } } : change
  )
  const opened = await plane(changes)
  return { ...opened, heard: () => heard }
}

const bearer = (token: string): string => `authorization: Bearer ${token}\r\n`
const VIP = ISSUER.token({ group: 'vip' })

test('claims choose the route; the token does not go upstream; without one there are none', async () => {
  const { port, heard } = await gateway()
  expect(bodyOf(await talk(port, get('/', bearer(VIP))))).toBe('vip')
  expect(bodyOf(await talk(port, get('/', bearer(ISSUER.token({ group: 'std' })))))).toBe('all')
  expect(bodyOf(await talk(port, get()))).toBe('all')
  expect(heard().toLowerCase()).not.toContain('authorization')
})

test('one in the query does not go upstream either, unless the rule forwards it', async () => {
  const taken = await gateway()
  expect(bodyOf(await talk(taken.port, get(`/a?b=1&access_token=${VIP}`)))).toBe('vip')
  expect(taken.heard()).toContain('GET /a?b=1 HTTP/1.1\r\n')
  const kept = await gateway(ruleOf({ forwards: true }))
  await talk(kept.port, get('/', bearer(VIP)))
  expect(kept.heard()).toContain(VIP)
})

test('claims as headers for the pod, whatever the client says', async () => {
  const { port, heard } = await gateway(ruleOf({ claimHeaders: [{ header: 'x-group', claim: 'group' }], payloadHeader: 'x-payload' }))
  await talk(port, get('/', `${bearer(VIP)}x-group: admin\r\nX-Payload: forged\r\n`))
  expect(heard()).toContain('x-group: vip\r\n')
  expect(heard()).toContain(`x-payload: ${VIP.split('.')[1]}\r\n`)
  expect(heard()).not.toMatch(/admin|forged/)
  await talk(port, get('/', 'x-group: admin\r\n'))
  expect(heard()).not.toContain('admin')
})

test('a request with a body, and requests sent at once, go on after the wait in their order', async () => {
  const { port, heard } = await gateway()
  const fresh = (): string => ISSUER.token({ group: 'vip', nonce: Math.random() })
  const post = `POST / HTTP/1.1\r\nHost: reviews\r\n${bearer(fresh())}Content-Length: 5\r\n\r\nhello`
  const second = get('/second', bearer(fresh())).replace('Connection: close\r\n', '')
  const text = await talk(port, post + second + get('/third', bearer(fresh())))
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3)
  expect(heard().match(/\r\n\r\nhello/g)).toHaveLength(1)
  expect(heard().indexOf('/second')).toBeLessThan(heard().indexOf('/third'))
})

test('a client that ends its side while its token is checked is gone', async () => {
  const { port, plane: made } = await gateway()
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  cleanups.push(() => socket.destroy())
  socket.end(get('/', bearer(ISSUER.token({ group: 'vip', nonce: 1 }))))
  let text = ''
  for await (const piece of socket) text += String(piece)
  expect([text, counted(made).map((line) => line.replace(/^\w+ /, ''))]).toEqual(['', ['0 DC 1']])
})

test('a head that comes in pieces of one byte', async () => {
  const { port } = await gateway()
  expect(bodyOf(await talk(port, Array.from(get('/', bearer(ISSUER.token({ group: 'vip', nonce: 2 }))))))).toBe('vip')
})

describe('what is not accepted is refused before any route', () => {
  const other = issuer()
  const none = `${encoded({ alg: 'none' })}.${encoded({ iss: ISSUER.name, group: 'vip' })}.`
  test.each([
    ['another key', other.token({ group: 'vip' }), 401, 'Jwt verification fails'],
    ['no algorithm', none, 401, "Jwks doesn't have key to match kid or alg from Jwt"],
    ['expired', ISSUER.token({ exp: 1 }), 401, 'Jwt is expired'],
    ['not a token', 'abc', 401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections']
  ])('%s', async (_, token, status, body) => {
    const { port, heard } = await gateway()
    const text = await talk(port, get('/', bearer(token)))
    expect([statusOf(text), bodyOf(text)]).toEqual([status, body])
    expect(heard()).toBe('')
    expect(text).toContain('www-authenticate: Bearer realm="http://reviews/", error="invalid_token"\r\n')
  })

  test('a token with very many claims is one as any other', async () => {
    const { port } = await gateway()
    expect(bodyOf(await talk(port, get('/', bearer(ISSUER.token({ deep: 'x'.repeat(20_000) })))))).toBe('all')
  })

  test('another audience is forbidden', async () => {
    const { port } = await gateway(ruleOf({ audiences: ['shop'] }))
    expect(statusOf(await talk(port, get('/', bearer(VIP))))).toBe(403)
    expect(bodyOf(await talk(port, get('/', bearer(ISSUER.token({ group: 'vip', aud: 'shop' })))))).toBe('vip')
  })

  test('without keys every token is refused, and no token is no matter', async () => {
    const { port } = await gateway(ruleOf({ keys: undefined }))
    expect(statusOf(await talk(port, get('/', bearer(VIP))))).toBe(401)
    expect(statusOf(await talk(port, get()))).toBe(200)
  })
})

test('many tokens that nobody signed, on many connections at once: each is refused, and a good one is served meanwhile', async () => {
  const { port } = await gateway()
  const forged = (at: number): string => `${encoded({ alg: 'ES256', kid: 'k1' })}.${encoded({ iss: ISSUER.name, at })}.${'A'.repeat(86)}`
  const flood = Array.from({ length: 200 }, (_, at) => talk(port, get('/', bearer(forged(at)))).then(statusOf))
  expect(bodyOf(await talk(port, get('/', bearer(VIP))))).toBe('vip')
  expect(new Set(await Promise.all(flood))).toEqual(new Set([401]))
})
