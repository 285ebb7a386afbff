// What a client of TLS says first, as OpenSSL writes it.

import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'

/** The bytes of the hello of a client that asks for `servername`; '' asks for nobody. */
export async function helloFor(servername: string): Promise<Buffer> {
  const heard = Promise.withResolvers<Buffer>()
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes: Buffer) => {
      heard.resolve(bytes)
      socket.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  client.on('error', () => undefined)
  const bytes = await heard.promise
  client.destroy()
  server.close()
  return bytes
}
