import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { readCommandLine } from './options.ts'
import { choosePorts, HOST, meshPlan } from './ports.ts'

function optionsOf(...words: readonly string[]): Parameters<typeof choosePorts>[0] {
  const command = readCommandLine(['up', '--api-port', '0', '--http-port', '0', '--admin-port', '0', '--mesh-port', '0', ...words])
  if (command.kind !== 'up') throw new Error(`not a command: ${words.join(' ')}`)
  return command.options
}

test('every port that cannot be had is named with its option, its holder and the way out', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  // listening, so it has an address
  const { port } = server.address() as AddressInfo
  try {
    // Below the ports that the system gives away: another test may listen on any of those.
    const asked = choosePorts(optionsOf('--api-port', String(port), '--admin-port', '23456', '--mesh-port', '23456'))
    const inUse = `127.0.0.1:${port} is in use by process ${process.pid} \\(.*\\): name another port with --api-port \\(0 is any free one\\)`
    const twice = '--mesh-port and --admin-port are both 23456: name another port with --mesh-port \\(0 is any free one\\)'
    await expect(asked).rejects.toThrow(new RegExp(`^${inUse}; ${twice}$`))
  } finally {
    server.close()
  }
})

test("a Gateway's port 80 is the http port, any other its own unless any free one was asked for", async () => {
  const ports = await choosePorts(optionsOf())
  expect(meshPlan(ports).gateway(8443)).toEqual({ address: HOST, port: 0 })
  expect(meshPlan({ ...ports, http: 8080 }).gateway(80)).toEqual({ address: HOST, port: 8080 })
  expect(meshPlan({ ...ports, http: 8080 }).gateway(9000)).toEqual({ address: HOST, port: 9000 })
})
