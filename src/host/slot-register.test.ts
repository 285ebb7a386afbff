import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isKept, noteSlot } from './slot-register.ts'
import { takeSlot } from './slots.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serin-register-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function dataFolder(name: string, slot: number): string {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'slot'), `${slot}\n`)
  return path
}

test('a slot is kept for the data folder that had it last, as long as that folder says so', () => {
  const register = join(folder, 'register')
  expect(isKept({ register, owner: 'anybody' }, 3)).toBe(false)
  const first = dataFolder('first', 3)
  noteSlot({ register, owner: first }, 3)
  expect(isKept({ register, owner: 'another' }, 3)).toBe(true)
  expect(isKept({ register, owner: first }, 3)).toBe(false)
  expect(isKept({ register, owner: 'another' }, 4)).toBe(false)
  rmSync(first, { recursive: true })
  expect(isKept({ register, owner: 'another' }, 3)).toBe(false)
})

test('a register that is a link of somebody is not used', () => {
  const target = join(folder, 'target')
  mkdirSync(target)
  const register = join(folder, 'register')
  symlinkSync(target, register)
  const first = dataFolder('first', 3)
  noteSlot({ register, owner: first }, 3)
  expect(isKept({ register, owner: 'another' }, 3)).toBe(false)
})

test("a new instance leaves a killed one's slot alone; the killed one gets it back", async () => {
  const register = join(folder, 'register')
  const first = dataFolder('first', 60)
  noteSlot({ register, owner: first }, 60)
  // All that is below is taken or kept for others too: the next one must be above.
  for (let number = 0; number < 60; number++) noteSlot({ register, owner: dataFolder(`d${number}`, number) }, number)
  const second = await takeSlot({ preferred: undefined, kept: { owner: join(folder, 'new'), register } })
  expect(second.number).toBeGreaterThan(60)
  const again = await takeSlot({ preferred: 60, kept: { owner: first, register } })
  expect(again.number).toBe(60)
  await second.release()
  await again.release()
})

test('one that stops leaves no note, and the last no register', async () => {
  const register = join(folder, 'register')
  const slot = await takeSlot({ preferred: 61, kept: { owner: dataFolder('only', 61), register } })
  expect(isKept({ register, owner: 'another' }, slot.number)).toBe(true)
  await slot.release()
  expect(existsSync(register)).toBe(false)
})
