// Loaded into a mesh worker by its environment (NODE_OPTIONS): at SIGUSR2 it collects garbage and writes down what the process holds.

import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a process holds after its garbage was collected. */
export interface Holding {
  /** Grows with each look. */
  readonly look: number
  /** Open files and sockets. */
  readonly files: number
  readonly timers: number
  readonly sockets: number
  readonly heap: number
  /** Buffers outside of the heap. */
  readonly buffers: number
  readonly rss: number
}

/** Where a process writes it. */
export const holdingFile = (folder: string, pid: number): string => join(folder, `${pid}.json`)

const folder = process.env['SERIN_PROBE']

if (folder !== undefined) {
  setFlagsFromString('--expose-gc')
  // The flag makes it a global of contexts that come after it.
  const collect = runInNewContext('gc') as () => void
  let look = 0
  process.on('SIGUSR2', () => {
    collect()
    collect()
    const { heapUsed, rss, external } = process.memoryUsage()
    const active = process.getActiveResourcesInfo()
    const held: Holding = {
      look: ++look,
      files: readdirSync('/proc/self/fd').length,
      timers: active.filter((name) => name === 'Timeout').length,
      sockets: active.filter((name) => name.startsWith('TCPSocket')).length,
      heap: heapUsed,
      buffers: external,
      rss
    }
    const file = holdingFile(folder, process.pid)
    writeFileSync(`${file}.new`, JSON.stringify(held))
    renameSync(`${file}.new`, file)
  })
}
