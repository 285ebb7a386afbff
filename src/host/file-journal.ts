// The journal on disk (the store's Journal port): `journal.N` grows by appended lines, `snapshot.N` is what it starts from. A new
// snapshot takes effect by the rename that gives it its name, so a crash leaves the old pair or the new one.

import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { HostError, errnoOf } from './host-error.ts'

/** Appends are buffered until `sync`. After a failed sync every later call fails too: what is on disk is no longer known. Owns the files. */
export class FileJournal {
  readonly #folder: string
  #generation = 0
  #file: FileHandle | undefined
  #buffered = ''
  #failed: HostError | undefined

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /** The last whole snapshot and what was appended since; a last line that was cut off by a crash is removed from the file. */
  async read(): Promise<{ readonly snapshot: string; readonly log: string }> {
    return this.#guarded('read', async () => {
      this.#generation = this.#newest()
      const snapshot = textOf(this.#path('snapshot'))
      const bytes = bytesOf(this.#path('journal'))
      const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1)
      if (whole.length < bytes.length) truncateSync(this.#path('journal'), whole.length)
      this.#forgetOthers()
      await this.#open()
      return { snapshot, log: whole.toString('utf8') }
    })
  }

  append(lines: string): void {
    this.#buffered += lines
  }

  /** Resolves when everything appended before the call is on the disk. */
  async sync(): Promise<void> {
    return this.#guarded('write', async () => {
      if (this.#buffered === '') return
      const text = this.#buffered
      this.#buffered = ''
      const file = await this.#open()
      await file.writeFile(text)
      await file.datasync()
    })
  }

  /** Begins a new journal from `snapshot`. */
  async compact(snapshot: string): Promise<void> {
    return this.#guarded('compact', async () => {
      const next = this.#generation + 1
      const part = join(this.#folder, 'snapshot.part')
      await writeSynced(part, snapshot)
      await writeSynced(join(this.#folder, `journal.${next}`), '')
      await this.#file?.close()
      this.#file = undefined
      await rename(part, join(this.#folder, `snapshot.${next}`))
      await syncFolder(this.#folder)
      this.#generation = next
      this.#buffered = ''
      this.#forgetOthers()
    })
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #guarded<T>(what: string, act: () => Promise<T>): Promise<T> {
    if (this.#failed !== undefined) throw this.#failed
    try {
      return await act()
    } catch (error) {
      this.#failed = new HostError('storage', `cannot ${what} the journal in ${this.#folder}: ${String(error)}`, error)
      throw this.#failed
    }
  }

  async #open(): Promise<FileHandle> {
    if (this.#file === undefined) {
      this.#file = await open(this.#path('journal'), 'a', 0o600)
      await syncFolder(this.#folder)
    }
    return this.#file
  }

  #newest(): number {
    const numbers = readdirSync(this.#folder).flatMap((name) => /^snapshot\.(\d+)$/.exec(name)?.[1] ?? [])
    return Math.max(0, ...numbers.map(Number))
  }

  #forgetOthers(): void {
    const keep = new Set([`journal.${this.#generation}`, `snapshot.${this.#generation}`])
    for (const name of readdirSync(this.#folder)) {
      if (/^(journal|snapshot)\.(\d+|part)$/.test(name) && !keep.has(name)) rmSync(join(this.#folder, name), { force: true })
    }
  }

  #path(kind: 'journal' | 'snapshot'): string {
    return join(this.#folder, `${kind}.${this.#generation}`)
  }
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function textOf(path: string): string {
  return bytesOf(path).toString('utf8')
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

// A new name is durable only when its folder is.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
