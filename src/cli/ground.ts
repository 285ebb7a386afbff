// The ground an instance stands on: its data directory with no leftover of an earlier run, the reaper, its address slot, ports and identity.

import { type DataDir, openDataDir } from '../host/data-dir.ts'
import { endLeftovers, type Reaper, startReaper } from '../host/reaper.ts'
import { SLOT_FILE, defaultRegister } from '../host/slot-register.ts'
import { type Slot, takeSlot } from '../host/slots.ts'
import { type ApiIdentity, apiIdentity } from './identity.ts'
import { choosePorts, type Ports } from './ports.ts'
import type { Rig } from './rig.ts'

/** What there is once the ground is prepared. */
export interface Ground {
  readonly dir: DataDir
  readonly reaper: Reaper
  readonly slot: Slot
  readonly ports: Ports
  readonly identity: ApiIdentity
}

/** Takes the machine's things for an instance. */
export async function prepareGround(rig: Rig): Promise<Ground> {
  const { up, log } = rig.options
  if (up.httpsPort !== undefined) log('--https-port has no effect yet: TLS is not served at gateways')
  const dir = openDataDir(up.dataDir)
  rig.undo(() => dir.close())
  if (dir.previousRun !== undefined) {
    const ended = await endLeftovers(dir.previousRun, rig.clock, rig.signal)
    if (ended > 0) log(`ended ${ended} processes that an earlier run left behind`)
  }
  // What a killed run said of itself holds no longer.
  dir.remove('serin.json')
  dir.begin()
  const reaper = await startReaper(dir.run, { clock: rig.clock, onTrouble: log })
  rig.undo(() => reaper.finish())
  const kept = Number(dir.read(SLOT_FILE) ?? 'NaN')
  const preferred = Number.isInteger(kept) ? kept : undefined
  const slot = await takeSlot({ preferred, kept: { owner: dir.path, register: defaultRegister() } })
  dir.write(SLOT_FILE, `${slot.number}\n`)
  rig.undo(() => slot.release())
  return { dir, reaper, slot, ports: await choosePorts(up), identity: apiIdentity(dir, rig.clock.now()) }
}
