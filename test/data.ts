// The conformance data that tests read in place: `../shared/data` beside the repository, or the folder that SERIN_DATA names
// (`npm run conformance -- DIR`). Data-driven tests also say here which cases they leave out, for the lines of that command.

import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A case by id, with the reason why it is not compared. */
export interface LeftOut {
  readonly id: string
  readonly why: string
}

declare module 'vitest' {
  interface TaskMeta {
    /** Cases of a data-driven test that differ on purpose. */
    deliberate?: readonly LeftOut[]
    /** Cases of a data-driven test that need what is not built yet. */
    unsupported?: readonly LeftOut[]
  }
}

const FOLDER = resolve(process.env['SERIN_DATA'] ?? join(import.meta.dirname, '..', '..', 'shared', 'data'))

/** The path of a file or folder of the data. */
export function dataPath(name: string): string {
  return join(FOLDER, name)
}

/** The same as a URL; a folder's name ends with a slash. */
export function dataUrl(name: string): URL {
  return pathToFileURL(name.endsWith('/') ? `${dataPath(name)}/` : dataPath(name))
}
