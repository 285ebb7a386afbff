// The YAML that users have: of the guides, of Flagger's documentation and of Istio's samples. It is read in place, beside the repository.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseYaml } from '../../src/api/yaml.ts'
import { dataPath } from '../data.ts'
import { guidePath } from '../guides.ts'

/** One document of a file. */
export interface Published {
  readonly file: string
  /** The file's text, with its other documents. */
  readonly text: string
  /** From 1. */
  readonly at: number
  readonly value: Readonly<Record<string, unknown>>
}

const FOLDERS = {
  guides: () => guidePath('manifests'),
  flagger: () => samplePath('flagger'),
  istio: () => samplePath('istio')
} as const

/** Where documents come from. */
export type Origin = keyof typeof FOLDERS

export const ORIGINS: readonly Origin[] = ['guides', 'flagger', 'istio']

/** Every document of the origin, by file. Throws a sentence that says what is missing. */
export function publishedBy(origin: Origin): readonly Published[] {
  const folder = FOLDERS[origin]()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name))
  return files.toSorted().flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    return parseYaml(text).objects.map(({ value }, index) => ({ file, text, at: index + 1, value }))
  })
}

function samplePath(name: string): string {
  const path = dataPath(join('samples', name))
  if (!existsSync(path)) throw new Error(`${path} is missing: published samples are expected in ../shared/data, beside the repository`)
  return path
}
