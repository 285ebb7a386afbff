// The files behind `-f`, as kubectl takes them: a file, a folder's YAML and JSON files without its subfolders, `-` for standard input.
// Reading is bounded, whatever the path is; what cannot be read is said in one line.

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../lint/manifests.ts'

/** Longest text taken from one file, in bytes. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024

const STDIN = 'standard input'

/** A file of the command line that cannot be used: the message is for the user. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

/** Texts of files, and the names of what folders hold beside them. */
export interface ReadFiles {
  readonly manifests: readonly Manifest[]
  /** Files that are no YAML or JSON, and subfolders. */
  readonly skipped: readonly string[]
}

/** Reads everything; throws an UnreadableError for the first path that cannot be read. A file named twice is read once. */
export async function readFiles(paths: readonly string[]): Promise<ReadFiles> {
  const manifests = new Map<string, Manifest>()
  const skipped: string[] = []
  for (const path of paths) {
    const found = filesAt(path)
    skipped.push(...found.skipped)
    for (const file of found.files) {
      if (manifests.has(file)) continue
      manifests.set(file, file === '-' ? { file: STDIN, text: await readInput() } : { file, text: readText(file) })
    }
  }
  return { manifests: [...manifests.values()], skipped }
}

/** One line about what folders hold beside manifests; undefined when there is nothing. */
export function skippedLine(skipped: readonly string[]): string | undefined {
  const more = skipped.length - NAMED_MAX
  const names = skipped.slice(0, NAMED_MAX).join(', ')
  return skipped.length === 0 ? undefined : `no YAML or JSON file, not looked at: ${names}${more > 0 ? ` and ${more} more` : ''}`
}

const NAMED_MAX = 5

interface FoundFiles {
  readonly files: readonly string[]
  readonly skipped: readonly string[]
}

function filesAt(path: string): FoundFiles {
  if (path === '-' || !isFolder(path)) return { files: [path], skipped: [] }
  const entries = attempt(path, () => readdirSync(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const files = entries.filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name)).map(({ name }) => join(path, name))
  const skipped = entries.map(({ name }) => join(path, name)).filter((name) => !files.includes(name))
  if (files.length === 0) throw new UnreadableError(`${path}: the folder has no .yaml, .yml or .json file`)
  return { files, skipped }
}

function isFolder(path: string): boolean {
  return attempt(path, () => statSync(path)).isDirectory()
}

async function readInput(): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of process.stdin) {
    // Without an encoding set, a stream of bytes gives Buffers.
    pieces.push(piece as Buffer)
    length += pieces.at(-1)?.length ?? 0
    if (length > FILE_BYTES_MAX) throw tooLarge(STDIN)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** The text of one file; throws an UnreadableError. */
export function readText(path: string): string {
  const file = attempt(path, () => openSync(path, 'r'))
  try {
    return attempt(path, () => readAll(file, path))
  } finally {
    closeSync(file)
  }
}

function readAll(file: number, path: string): string {
  const pieces: Buffer[] = []
  for (let length = 0; length <= FILE_BYTES_MAX;) {
    const piece = Buffer.alloc(64 * 1024)
    const read = readSync(file, piece)
    if (read === 0) return Buffer.concat(pieces).toString('utf8')
    pieces.push(piece.subarray(0, read))
    length += read
  }
  throw tooLarge(path)
}

function tooLarge(path: string): UnreadableError {
  return new UnreadableError(`${path}: is larger than ${FILE_BYTES_MAX} bytes`)
}

function attempt<T>(path: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof UnreadableError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new UnreadableError(`${path}: ${REASONS[code] ?? (error instanceof Error ? error.message : String(error))}`)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder'
}
