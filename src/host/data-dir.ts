// The data directory: private to its user, ignored by git, owned by one process at a time. A lock left by a dead process is healed.

import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { HostError, errnoOf } from './host-error.ts'
import { isAlive, nameOf, startOf } from './process-table.ts'
import { newUid } from './system-clock.ts'

/** A locked data directory. */
export interface DataDir {
  readonly path: string
  /** This run's id, carried by every child as SERIN_RUN. */
  readonly run: string
  /** The id of the run before, whose children may have been left behind; undefined in a new directory. */
  readonly previousRun: string | undefined
  /** Notes that the run before left nothing: from here `run` is what the next start looks for. Call after its leftovers were ended. */
  begin(): void
  file(...names: readonly string[]): string
  /** The text of a file, undefined when it does not exist. */
  read(name: string): string | undefined
  /** Writes a small file whole or not at all. */
  write(name: string, text: string, mode?: number): void
  remove(name: string): void
  /** Gives the directory up. */
  close(): void
}

const MARKER = '.gitignore'
const LOCK = 'lock'
const RUN = 'run'

/** Creates the directory when absent (0700) and locks it. Throws HostError `locked`, naming the holder, or `not-a-data-dir`. */
export function openDataDir(where: string): DataDir {
  const path = resolve(where)
  prepare(path)
  lock(path)
  const read = (name: string): string | undefined => textOf(join(path, name))
  const write = (name: string, text: string, mode = 0o600): void => writeWhole(join(path, name), text, mode)
  const run = newUid()
  return {
    path,
    run,
    previousRun: read(RUN)?.trim(),
    begin: () => write(RUN, `${run}\n`),
    file: (...names) => join(path, ...names),
    read,
    write,
    remove: (name) => rmSync(join(path, name), { force: true }),
    close: () => rmSync(join(path, LOCK), { force: true })
  }
}

// A folder of the user's own must not be taken over by a mistyped option.
function prepare(path: string): void {
  try {
    makeFolder(path)
    const names = readdirSync(path)
    if (names.length > 0 && !names.includes(MARKER)) {
      throw new HostError('not-a-data-dir', `${path} is not empty and was not made by serin: name another data directory`)
    }
    chmodSync(path, 0o700)
    if (names.length === 0) writeFileSync(join(path, MARKER), '*\n', { mode: 0o600 })
  } catch (error) {
    if (error instanceof HostError) throw error
    throw new HostError('storage', `data directory ${path}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

// Not mkdir's `recursive`, which never returns where a folder's parent is there and takes no folders (/proc).
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  mkdirSync(path, { mode: 0o700 })
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw new HostError('storage', `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

function writeWhole(path: string, text: string, mode: number): void {
  const part = `${path}.part`
  try {
    writeFileSync(part, text, { mode, flush: true })
    chmodSync(part, mode)
    renameSync(part, path)
  } catch (error) {
    throw new HostError('storage', `cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

// The lock is a link to a file that already has its content, so nobody ever reads half of it.
function lock(path: string): void {
  const own = join(path, `lock.${process.pid}.${newUid()}`)
  writeWhole(own, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }), 0o600)
  try {
    while (!linked(own, join(path, LOCK))) heal(path)
  } finally {
    unlinkSync(own)
  }
}

function linked(own: string, lock: string): boolean {
  try {
    linkSync(own, lock)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw new HostError('storage', `cannot lock ${lock}: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

const HEAL_MAX_MS = 5000

// Two processes must not both judge a lock stale, one of them removing the other's new lock: healing itself is guarded by a folder.
function heal(path: string): void {
  const guard = join(path, 'lock.heal')
  try {
    mkdirSync(guard)
  } catch {
    const since = statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (Date.now() - since < HEAL_MAX_MS)
      throw new HostError('locked', `data directory ${path} is being opened by another process: try again`)
    rmSync(guard, { recursive: true, force: true })
    return
  }
  try {
    const holder = livingHolder(join(path, LOCK))
    if (holder !== undefined) {
      throw new HostError(
        'locked',
        `data directory ${path} is in use by process ${holder} (${nameOf(holder)}): stop it, or name another with --data-dir`
      )
    }
    rmSync(join(path, LOCK), { force: true })
  } finally {
    rmdirSync(guard)
  }
}

function livingHolder(lock: string): number | undefined {
  const text = textOf(lock)
  const match = /^\{"pid":(\d+),"start":"(\d*)"\}$/.exec(text ?? '')
  if (match === null) return undefined
  const pid = Number(match[1])
  return isAlive(pid) && startOf(pid) === match[2] ? pid : undefined
}
