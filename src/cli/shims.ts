// Programs that containers find by name: small files that start Serin's own.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from './shell-word.ts'

/** Writes a program into a folder: `name` starts `words` with whatever arguments follow. */
export function writeShim(directory: string, name: string, words: readonly string[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, name)
  writeFileSync(path, `#!/bin/sh\nexec ${words.map(shellWord).join(' ')} "$@"\n`)
  chmodSync(path, 0o700)
}
