// The guides that users have read before they come: manifests, scripts and commands as printed. They are expected beside the repository and
// not copied into it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const GUIDES = join(import.meta.dirname, '..', '..', 'shared', 'guides')

/** The path of something in the guides' folder. Throws a sentence that says what is missing. */
export function guidePath(...parts: readonly string[]): string {
  const path = join(GUIDES, ...parts)
  if (!existsSync(path)) throw new Error(`${path} is missing: the guides are expected in ../shared/guides, beside the repository`)
  return path
}

/** The file of a guide's manifest by its number, e.g. 02. */
export function manifestPath(number: string): string {
  const folder = guidePath('manifests')
  const name = readdirSync(folder).find((each) => each.startsWith(`${number}-`))
  if (name === undefined) throw new Error(`no manifest ${number} in ${folder}`)
  return join(folder, name)
}

/** The shell commands below a heading of a guide, block by block, exactly as printed. */
export function shellBlocks(guide: string, heading: string): string[] {
  const text = readFileSync(guidePath(guide), 'utf8')
  const [, after] = text.split(`\n## ${heading}\n`)
  if (after === undefined) throw new Error(`${guide} has no heading "${heading}"`)
  const [section = ''] = after.split('\n## ')
  return [...section.matchAll(/```bash\n([\s\S]*?)```/g)].map(([, block = '']) => block)
}
