// The kubectls of this machine: the one on the PATH, and those beside it that carry their version in their name (`kubectl.1.29`).

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** A kubectl: its path and the version it gives, e.g. `1.32.4`. */
export interface Kubectl {
  readonly program: string
  readonly version: string
}

/** All of them, the one on the PATH first, each version once; none when there is none on the PATH. */
export function findKubectls(path = process.env['PATH'] ?? ''): readonly Kubectl[] {
  const first = path
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .find((file) => existsSync(file))
  if (first === undefined) return []
  const folders = new Set([dirname(first), dirname(realpathSync(first))])
  const beside = [...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^kubectl[.-]v?1\.\d+(\.\d+)?$/.test(name))
      .toSorted()
      .map((name) => join(folder, name))
  )
  const found = new Map<string, Kubectl>()
  for (const program of [first, ...beside]) {
    const version = versionOf(program)
    if (version !== undefined && !found.has(version)) found.set(version, { program, version })
  }
  return [...found.values()]
}

function versionOf(program: string): string | undefined {
  const { stdout } = spawnSync(program, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
  return /"gitVersion":\s*"v(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1]
}

/** Of `versions` the one whose minor version is nearest, the newer one of two. */
export function nearest(version: string, versions: readonly string[]): string | undefined {
  const minor = (text: string): number => Number(text.split('.')[1])
  const distance = (text: string): number => Math.abs(minor(text) - minor(version))
  return versions.toSorted((a, b) => distance(a) - distance(b) || minor(b) - minor(a))[0]
}
