// Who took which address slot, in a folder that all instances of one user share. A slot is held only while its instance runs; this keeps a
// killed instance's addresses from being the first that the next new instance takes. One that stops leaves nothing here.

import { lstatSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/** The file in a data folder that names its slot. */
export const SLOT_FILE = 'slot'

/** The register of this user on this machine. */
export function defaultRegister(): string {
  return join(tmpdir(), `serin-slots-${process.getuid?.() ?? 'user'}`)
}

/** A data folder, and the register where it is noted. */
export interface Noted {
  readonly owner: string
  readonly register: string
}

/** Notes that the data folder `owner` has slot `number`. Without a register of our own (another user's, no room) nothing is noted. */
export function noteSlot({ register, owner }: Noted, number: number): void {
  try {
    mkdirSync(register, { recursive: true, mode: 0o700 })
    if (isOurs(register)) writeFileSync(join(register, String(number)), owner, { mode: 0o600 })
  } catch {
    // Only addresses after a crash depend on it.
  }
}

/** Takes the note back. */
export function forgetSlot({ register }: Noted, number: number): void {
  try {
    if (!isOurs(register)) return
    rmSync(join(register, String(number)), { force: true })
    rmdirSync(register)
  } catch {
    // Others are noted there, or nobody was.
  }
}

/** Whether a data folder other than `owner` still has slot `number`. */
export function isKept({ register, owner }: Noted, number: number): boolean {
  try {
    if (!isOurs(register)) return false
    const folder = readFileSync(join(register, String(number)), 'utf8')
    return folder !== owner && Number(readFileSync(join(folder, SLOT_FILE), 'utf8')) === number
  } catch {
    return false
  }
}

function isOurs(register: string): boolean {
  const found = lstatSync(register)
  return found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)
}
