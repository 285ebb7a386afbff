// Runs cells in as many threads as there are cores. Results come in the order of the cells, whichever thread was quicker.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Cell, CellResult } from './cell.ts'

const SAID_EVERY_MS = 15_000

/** Runs them all, and says on standard error how far it is. Rejects with what the first of them failed for; then none runs any more. */
export async function runCells(cells: readonly Cell[], what: string): Promise<readonly CellResult[]> {
  const waiting = [...cells.entries()]
  const results: CellResult[] = []
  const begun = performance.now()
  const said = setInterval(() => {
    const seconds = (performance.now() - begun) / 1000
    console.error(`${what}: ${results.filter(Boolean).length} of ${cells.length} cells after ${seconds.toFixed(0)} s`)
  }, SAID_EVERY_MS)
  const workers = Array.from({ length: availableParallelism() }, () => new Worker(new URL('./cell-worker.ts', import.meta.url)))
  try {
    await Promise.all(workers.map((worker) => worked(worker, waiting, results)))
  } finally {
    clearInterval(said)
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return results
}

// Until nothing waits; rejects when the thread fails.
function worked(worker: Worker, waiting: [number, Cell][], results: CellResult[]): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let running = -1
    const next = (): void => {
      const [index, cell] = waiting.shift() ?? []
      if (index === undefined || cell === undefined) return resolve()
      running = index
      worker.postMessage(cell)
    }
    worker.on('message', (result: CellResult) => {
      results[running] = result
      next()
    })
    worker.once('error', reject)
    next()
  })
}
