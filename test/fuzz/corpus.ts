// The plays that are kept: a file each, named after what is in it.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPlay, writePlay } from './play.ts'
import type { Play } from './play.ts'

/** Committed. */
export const CORPUS = join(import.meta.dirname, 'corpus')
/** Not committed: what a run of the fuzzer found to be wrong. */
export const FINDINGS = join(import.meta.dirname, 'findings')
/** Files beyond this are worth less than what they cost. */
const BYTES_MAX = 8000
const FILES_MAX = 250

/** All of a folder, in the order of their names. */
export function readAll(folder: string): Play[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return names.toSorted().map((name) => readPlay(join(folder, name)))
}

/** Removes all of a folder. */
export function clear(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) rmSync(join(folder, name))
}

/** Writes a play; returns the path, undefined where there is no more room. */
export function keep(folder: string, play: Play, bounds: 'bounded' | 'always'): string | undefined {
  mkdirSync(folder, { recursive: true })
  const text = writePlay(play)
  if (bounds === 'bounded' && (text.length > BYTES_MAX || readdirSync(folder).length >= FILES_MAX)) return undefined
  const path = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`)
  writeFileSync(path, text)
  return path
}
