// An address where connections are neither accepted nor refused: a thread that listens and then does nothing, with its queue full. The system
// drops what else comes, as the network does on the way to a machine that is gone.

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

const LISTENS = `
const { createServer } = require('node:net')
const { parentPort, workerData } = require('node:worker_threads')
const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  // The message leaves the thread first.
  setImmediate(() => Atomics.wait(new Int32Array(workerData), 0, 0))
})
`

/** The most connections that a queue of one holds on the systems there are. */
const QUEUED_MAX = 8

/** Owns the thread and what fills its queue. */
export class DeafListener {
  readonly port: number
  readonly #worker: Worker
  readonly #fillers: Socket[]

  private constructor(worker: Worker, port: number, fillers: Socket[]) {
    this.#worker = worker
    this.port = port
    this.#fillers = fillers
  }

  static async open(): Promise<DeafListener> {
    const worker = new Worker(LISTENS, { eval: true, workerData: new SharedArrayBuffer(4) })
    const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    const fillers = Array.from({ length: QUEUED_MAX }, () => connect({ port, host: '127.0.0.1' }).on('error', () => undefined))
    return new DeafListener(worker, port, fillers)
  }

  /** The queue takes no more once none of the others gets through. */
  get full(): boolean {
    return this.#fillers.some(({ connecting }) => !connecting)
  }

  async close(): Promise<void> {
    for (const socket of this.#fillers) socket.destroy()
    await this.#worker.terminate()
  }
}
