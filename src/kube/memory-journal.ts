// A journal in memory: for rehearsals and tests, and for `kube` where nothing is to be kept.

import type { Journal } from '../store/journal-record.ts'

/** Keeps what was synced, as a disk would. Owns its texts. */
export class MemoryJournal implements Journal {
  #snapshot: string
  #log: string
  #buffered = ''

  constructor(kept: { readonly snapshot: string; readonly log: string } = { snapshot: '', log: '' }) {
    this.#snapshot = kept.snapshot
    this.#log = kept.log
  }

  /** What would be read after a crash now. */
  get kept(): { readonly snapshot: string; readonly log: string } {
    return { snapshot: this.#snapshot, log: this.#log }
  }

  read(): Promise<{ readonly snapshot: string; readonly log: string }> {
    return Promise.resolve(this.kept)
  }

  append(lines: string): void {
    this.#buffered += lines
  }

  sync(): Promise<void> {
    this.#log += this.#buffered
    this.#buffered = ''
    return Promise.resolve()
  }

  compact(snapshot: string): Promise<void> {
    this.#snapshot = snapshot
    this.#log = ''
    this.#buffered = ''
    return Promise.resolve()
  }
}
