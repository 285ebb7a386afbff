import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { portProblem, portState } from './ports.ts'
import { takeSlot, type Slot } from './slots.ts'

const servers: Server[] = []
const slots: Slot[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
  await Promise.all(slots.splice(0).map((slot) => slot.release()))
})

async function listen(host: string): Promise<number> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve))
  return (server.address() as AddressInfo).port
}

test('a busy port names its holder, at its own address and where somebody listens on all of them', async () => {
  for (const host of ['127.44.0.9', '0.0.0.0', '::']) {
    const port = await listen(host)
    const state = await portState('127.44.0.9', port)
    expect(state).toMatchObject({ kind: 'busy', holder: { pid: process.pid } })
    expect(portProblem('127.44.0.9', port, state)).toContain(`127.44.0.9:${port} is in use by process ${process.pid} (`)
  }
})

test('a port held at another loopback address is free', async () => {
  const port = await listen('127.44.0.9')
  expect(await portState('127.44.0.8', port)).toEqual({ kind: 'free' })
  expect(await portState('203.0.113.1', port)).toMatchObject({ kind: 'absent' })
})

test('two instances take different slots, and a freed slot is taken again by the one that prefers it', async () => {
  const first = await takeSlot({ preferred: 70 })
  const second = await takeSlot({ preferred: 70 })
  slots.push(first, second)
  expect(first).toMatchObject({ number: 70, podPrefix: '127.80', servicePrefix: '127.166' })
  expect(second.number).not.toBe(70)
  await first.release()
  const third = await takeSlot({ preferred: 70 })
  slots.push(third)
  expect(third.number).toBe(70)
})

test.runIf(process.platform === 'linux')(
  'a slot where pods of a killed instance still listen is left alone, but by its own next run',
  async () => {
    const held = await takeSlot()
    slots.push(held)
    await held.release()
    await listen(`${held.podPrefix}.0.1`)
    const next = await takeSlot()
    slots.push(next)
    expect(next.number).not.toBe(held.number)
    const own = await takeSlot({ preferred: held.number })
    slots.push(own)
    expect(own.number).toBe(held.number)
  }
)
