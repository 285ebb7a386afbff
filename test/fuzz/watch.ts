// Somebody who looks from outside whether runs still end: an engine that goes round in circles lets nobody else in. The play under way is in
// memory that both threads see.

import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { mkdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { writePlay } from './play.ts'
import type { Play } from './play.ts'

const ROOM = 1_000_000
const LOOK_EVERY = 5000
const LOOKS_MAX = 6

interface Shared {
  /** Number of the run, and bytes of its play. */
  readonly state: Int32Array
  readonly text: Uint8Array
}

const current: { shared: Shared | undefined } = { shared: undefined }

/** Looks from now on; a run that does not end is written to this folder, and ends the process. Returns how to stop. */
export function startWatch(folder: string): () => void {
  const shared = { state: new Int32Array(new SharedArrayBuffer(8)), text: new Uint8Array(new SharedArrayBuffer(ROOM)) }
  current.shared = shared
  const worker = new Worker(new URL(import.meta.url), { workerData: { shared, folder, watches: true } })
  worker.unref()
  return () => {
    current.shared = undefined
    void worker.terminate()
  }
}

/** A run begins. */
export function watchRun(play: Play): void {
  const { shared } = current
  if (shared === undefined) return
  const { written } = new TextEncoder().encodeInto(writePlay(play), shared.text)
  shared.state[1] = written
  Atomics.add(shared.state, 0, 1)
}

function watch({ shared, folder }: { readonly shared: Shared; readonly folder: string }): void {
  let last = -1
  let looks = 0
  setInterval(() => {
    const now = Atomics.load(shared.state, 0)
    looks = now === last && now > 0 ? looks + 1 : 0
    last = now
    if (looks < LOOKS_MAX) return
    const path = join(folder, `hang-${Date.now()}.json`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, shared.text.slice(0, shared.state[1]))
    // The other thread will not write any more, nor let this one through it.
    writeSync(1, `FOUND: a run does not end\nnpm run fuzz -- --replay ${path}\n`)
    process.kill(process.pid, 'SIGKILL')
  }, LOOK_EVERY)
}

// What startWatch put there.
const given = workerData as { readonly watches?: boolean; readonly shared: Shared; readonly folder: string } | null
if (!isMainThread && given?.watches === true) watch(given)
