import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { createAuthority, issueServer } from './certificate.ts'

const from = Date.parse('2026-01-01T00:00:00Z')
const until = Date.parse('2051-01-02T03:04:05Z')
const hosts = ['localhost', '127.0.0.1', '::1', 'kubernetes.default.svc']

test('the authority signs itself and the server certificate, names, addresses and dates as asked', () => {
  const authority = createAuthority('serin ca', { from, until })
  const server = issueServer(authority, 'serin ca', hosts, { from, until })
  const ca = new X509Certificate(authority.certificate)
  const leaf = new X509Certificate(server.certificate)
  expect(ca.verify(ca.publicKey)).toBe(true)
  expect(ca.ca).toBe(true)
  expect(leaf.verify(ca.publicKey)).toBe(true)
  expect(leaf.checkIssued(ca)).toBe(true)
  expect(leaf.ca).toBe(false)
  expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:kubernetes.default.svc')
  expect(leaf.validFromDate.getTime()).toBe(from)
  expect(leaf.validToDate.getTime()).toBe(until)
  expect(leaf.serialNumber).not.toBe(ca.serialNumber)
})

test.each(['localhost', 'kubernetes.default.svc', undefined])(
  'a TLS client that trusts the authority accepts the server as %s',
  async (servername) => {
    const now = Date.now()
    const validity = { from: now - 60_000, until: now + 3_600_000 }
    const authority = createAuthority('serin ca', validity)
    const server = createServer(pair(issueServer(authority, 'serin ca', hosts, validity)), (socket) => socket.end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = connect({ host: '127.0.0.1', port, ca: authority.certificate, ...(servername === undefined ? {} : { servername }) })
    const [greeting] = (await once(client, 'data')) as [Buffer]
    expect(client.authorized).toBe(true)
    expect(greeting.toString()).toBe('hello')
    client.destroy()
    server.close()
  }
)

test('a client that trusts another authority of the same name refuses the server', async () => {
  const now = Date.now()
  const validity = { from: now - 60_000, until: now + 3_600_000 }
  const server = createServer(pair(issueServer(createAuthority('serin ca', validity), 'serin ca', hosts, validity)))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ca: createAuthority('serin ca', validity).certificate
  })
  const [error] = (await once(client, 'error').catch((thrown: unknown) => [thrown])) as [Error]
  expect(error.message).toMatch(/signature|verify|self.signed|issuer/i)
  server.close()
})

function pair(identity: { readonly certificate: string; readonly key: string }): { cert: string; key: string } {
  return { cert: identity.certificate, key: identity.key }
}
