// The output of a process kept in a file of bounded size: at the limit the file becomes `<path>.1` and a new one begins.

import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoOf } from './host-error.ts'

const SIZE_MAX = 8 * 1024 * 1024

/** Appends lines to `path` (made, with its folder, when absent); holds at most twice `sizeMax` bytes on disk. Owns the size count. */
export class LogFile {
  readonly #path: string
  readonly #sizeMax: number
  #size: number

  constructor(path: string, sizeMax: number = SIZE_MAX) {
    this.#path = path
    this.#sizeMax = sizeMax
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#size = sizeOf(path)
  }

  /** Logs must not take the program down: a full disk loses lines, nothing else. */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    try {
      if (this.#size + bytes.length > this.#sizeMax && this.#size > 0) {
        renameSync(this.#path, `${this.#path}.1`)
        this.#size = 0
      }
      appendFileSync(this.#path, bytes, { mode: 0o600 })
      this.#size += bytes.length
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
