// A thread that runs the cells it is sent, one after the other.

import { parentPort } from 'node:worker_threads'
import { type Cell, runCell } from './cell.ts'

// What crew.ts sends.
parentPort?.on('message', (cell: Cell) => parentPort?.postMessage(runCell(cell)))
