// Address slots: each instance on a machine takes a number n and with it the pods' 127.(10+n).x.y and the Services' 127.(96+n).x.y, so
// two instances never meet. A slot is held by listening on one address of it, which the system gives back when the process dies.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { HostError } from './host-error.ts'
import { type Noted, forgetSlot, isKept, noteSlot } from './slot-register.ts'

/** A slot held until it is released or the process ends. */
export interface Slot {
  readonly number: number
  /** The first two parts of pod addresses, e.g. `127.10`. */
  readonly podPrefix: string
  /** The first two parts of Service addresses, e.g. `127.96`. */
  readonly servicePrefix: string
  release(): Promise<void>
}

// 10+85 stays below 96, where the Services' part begins.
const SLOTS = 86
const CLAIM_HOST = '255.254'
const CLAIM_PORT = 45_996

/** Who takes a slot. */
export interface SlotWish {
  /** The number kept in the data folder. */
  readonly preferred?: number | undefined
  /** The data folder, and the folder where it is noted (slot-register.ts). */
  readonly kept?: Noted
}

/**
 * Takes the preferred slot when it is free, else the lowest free one where nobody listens, those that another data folder had last only when
 * there is no other. Throws HostError `no-slot`.
 */
export async function takeSlot({ preferred, kept: noted }: SlotWish = {}): Promise<Slot> {
  const numbers = Array.from({ length: SLOTS }, (_, number) => number)
  const { free = [], kept = [] } = Object.groupBy(numbers, (number) => (noted !== undefined && isKept(noted, number) ? 'kept' : 'free'))
  const order = [...free, ...kept]
  if (preferred !== undefined && preferred >= 0 && preferred < SLOTS) order.unshift(preferred)
  for (const number of order) {
    const claim = await listen(`127.${96 + number}.${CLAIM_HOST}`)
    if (claim === undefined) continue
    if (number !== preferred && isInhabited(number)) {
      await release(claim)
      continue
    }
    if (noted !== undefined) noteSlot(noted, number)
    return {
      number,
      podPrefix: `127.${10 + number}`,
      servicePrefix: `127.${96 + number}`,
      release: () => {
        if (noted !== undefined) forgetSlot(noted, number)
        return release(claim)
      }
    }
  }
  throw new HostError('no-slot', `no free address slot: ${SLOTS} instances run, or 127.96.0.0/9 is not local to this machine`)
}

function release(claim: Server): Promise<void> {
  return new Promise((resolve) => claim.close(() => resolve()))
}

// An instance that was killed no longer holds its slot, but its pods listen until its reaper has ended them (proc(5), little-endian hex).
function isInhabited(number: number): boolean {
  const nets = [10 + number, 96 + number].map((octet) => octet.toString(16).padStart(2, '0').toUpperCase())
  const own = CLAIM_PORT.toString(16).toUpperCase()
  return listeners().some(([address = '', port]) => address.endsWith('7F') && nets.includes(address.slice(4, 6)) && port !== own)
}

function listeners(): string[][] {
  try {
    const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)
    const columns = rows.map((row) => row.trim().split(/\s+/))
    return columns.flatMap(([, local = '', , state]) => (state === '0A' ? [local.split(':')] : []))
  } catch {
    // Not Linux: there is nobody to ask.
    return []
  }
}

async function listen(host: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  const held = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ host, port: CLAIM_PORT, exclusive: true }, () => resolve(true))
  })
  server.unref()
  return held ? server : undefined
}
