// Who the client is, as told upstream (envoy.md 12.1): a gateway trusts its peer alone, a proxy in the mesh passes on what it was told.

import { expect, test } from 'vitest'
import { SOURCE, cluster, endpoint, forward, ok, onHeads, plane, table, talk, upstream } from '../../test/proxy-plane.ts'

const CLAIMS = [
  'X-Forwarded-For: 203.0.113.128, 203.0.113.10, 203.0.113.1',
  'X-Forwarded-Proto: https',
  'X-Envoy-External-Address: 203.0.113.128',
  'X-Envoy-Internal: true',
  'X-Request-Id: mine'
]
const request = (lines: readonly string[], host = 'a'): string =>
  `${['GET / HTTP/1.1', `Host: ${host}`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`

async function seenBy(send: (port: number) => Promise<unknown>, kind: 'gateway' | 'mesh'): Promise<Map<string, string>> {
  const heads: string[] = []
  const up = await upstream((socket) =>
    onHeads(socket, (head) => {
      heads.push(head)
      return ok('a')
    })
  )
  const changes = table([cluster('c', [endpoint(up)])], [forward([['c', 1]])])
  const { plane: made, port } = await plane(changes)
  if (kind === 'gateway') await send(port)
  else {
    const scope = { id: 'mesh|80|default', kind: 'mesh' as const, port: 80, namespace: 'default', tls: false }
    made.apply([
      { kind: 'put-scope', version: 2, scope },
      { kind: 'bind', version: 2, scope: scope.id, host: 'a', entry: 'all' }
    ])
    const entry = { kind: 'mesh' as const, caller: { namespace: 'default', labels: {} } }
    await send(await made.listen({ id: 'mesh', address: '127.0.0.1', port: 0, entry, source: SOURCE }))
  }
  const lines = (heads[0] ?? '').split('\r\n').slice(1)
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
}

test('a gateway adds its peer to x-forwarded-for, which is the external address, and replaces all other claims', async () => {
  const seen = await seenBy((port) => talk(port, request(CLAIMS)), 'gateway')
  expect(seen.get('x-forwarded-for')).toBe('203.0.113.128, 203.0.113.10, 203.0.113.1,127.0.0.1')
  expect(seen.get('x-envoy-external-address')).toBe('127.0.0.1')
  expect(seen.get('x-forwarded-proto')).toBe('http')
  expect(seen.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
  expect(seen.has('x-envoy-internal')).toBe(false)
})

test('rules of a gateway see x-forwarded-for with the peer in it', async () => {
  const asked = { name: 'x-forwarded-for', invert: false, test: { kind: 'exact' as const, value: '203.0.113.1,127.0.0.1' } }
  const up = await upstream((socket) => onHeads(socket, () => ok('matched')))
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [{ ...forward([['c', 1]]), headers: [asked] }]))
  expect(await talk(port, request(['X-Forwarded-For: 203.0.113.1']))).toMatch(/matched$/)
  expect(await talk(port, request(['X-Forwarded-For: 203.0.113.1,127.0.0.1']))).toMatch(/^HTTP\/1.1 404 /)
})

test('rules of a gateway match other fields line by line', async () => {
  const asked = { name: 'x-forwarded-host', invert: false, test: { kind: 'exact' as const, value: 'b' } }
  const up = await upstream((socket) => onHeads(socket, () => ok('matched')))
  const { port } = await plane(table([cluster('c', [endpoint(up)])], [{ ...forward([['c', 1]]), headers: [asked] }]))
  expect(await talk(port, request(['X-Forwarded-Host: a', 'X-Forwarded-Host: b']))).toMatch(/matched$/)
})

test('several lines of x-forwarded-for are one list', async () => {
  const lines = ['X-Forwarded-For: 203.0.113.128', 'X: y', 'x-forwarded-for: 203.0.113.10, 203.0.113.1']
  const seen = await seenBy((port) => talk(port, request(lines)), 'gateway')
  expect(seen.get('x-forwarded-for')).toBe('203.0.113.128,203.0.113.10, 203.0.113.1,127.0.0.1')
})

test('a gateway says the same of a client that claims nothing', async () => {
  const seen = await seenBy((port) => talk(port, request([])), 'gateway')
  expect([seen.get('x-forwarded-for'), seen.get('x-envoy-external-address')]).toEqual(['127.0.0.1', '127.0.0.1'])
})

test('a proxy in the mesh adds nothing to what it was told, but for the word internal', async () => {
  const seen = await seenBy((port) => talk(port, request(CLAIMS)), 'mesh')
  expect(seen.get('x-forwarded-for')).toBe('203.0.113.128, 203.0.113.10, 203.0.113.1')
  expect(seen.get('x-forwarded-proto')).toBe('https')
  expect(seen.get('x-envoy-external-address')).toBe('203.0.113.128')
  expect(seen.get('x-request-id')).toBe('mine')
  expect(seen.has('x-envoy-internal')).toBe(false)
})
