// `serin convert`: manifests on standard output, notes on standard error.

import { stringify } from 'yaml'
import type { KubeObject } from '../api/object.ts'
import { convertRollouts } from '../convert/convert-rollouts.ts'
import { plainText } from './plain-text.ts'
import { readFiles } from './read-files.ts'

/** Converts files; resolves with the exit status: 1 when something essential has no counterpart. */
export async function convertFiles(
  files: readonly string[],
  { say, complain }: { readonly say: (text: string) => void; readonly complain: (line: string) => void }
): Promise<number> {
  const { manifests } = await readFiles(files)
  const { objects, lines, complete } = convertRollouts(manifests)
  if (objects.length > 0) say(convertedText(objects).trimEnd())
  for (const line of lines) complain(plainText(line))
  return complete ? 0 : 1
}

/** Objects as a file of manifests. */
export function convertedText(objects: readonly KubeObject[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')
}
