import { expect, it } from 'vitest'
import type { Cell } from './cell.ts'
import { runCells } from './crew.ts'

const CELL: Cell = { rate: 10, base: 0, disturbance: 'calm', leader: 'flagger', checks: 'none', worseBy: 1, runs: 2, seed: 1 }

const threads = (): number => process.getActiveResourcesInfo().filter((each) => each === 'MessagePort').length

it('results come in the order of the cells, and are those of their seeds', async () => {
  const cells = [1, 2, 3, 4, 1].map((seed) => ({ ...CELL, seed }))
  const found = await runCells(cells, 'test')
  expect(found.map(({ cell }) => cell)).toEqual(cells)
  expect(found[4]?.runs).toEqual(found[0]?.runs)
  expect(found[0]?.runs).toHaveLength(2)
})

it('when one cell fails, nobody works on another any more', async () => {
  const before = threads()
  // No Cell: it is to fail.
  const failing = { ...CELL, leader: 'nobody' } as unknown as Cell
  await expect(runCells([failing, { ...CELL, runs: 1e7 }], 'test')).rejects.toThrow(TypeError)
  expect(threads()).toBe(before)
})
