// What the machine says about processes: who lives, who carries SERIN_RUN, who is in a process group. Linux answers from /proc; elsewhere
// only "does it live" is known.

import { readFileSync, readdirSync } from 'node:fs'
import { errnoOf } from './host-error.ts'

/** True while a process (or, for a negative number, any process of that group) can be signalled. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

/** Sends a signal to a process, or to a group when negative; false when there is none left. */
export function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

interface Stat {
  readonly state: string
  readonly group: number
  readonly startTicks: string
  /** Of the processor, its own and the system's for it. */
  readonly usedTicks: number
}

// proc(5): the name in parentheses may hold anything, so fields are counted after the last closing one.
function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0] ?? '',
    group: Number(fields[2]),
    startTicks: fields[19] ?? '',
    usedTicks: Number(fields[11]) + Number(fields[12])
  }
}

/** When a process started, as an opaque word that tells a reused pid apart; '' where the machine does not say. */
export function startOf(pid: number): string {
  return statOf(pid)?.startTicks ?? ''
}

/** Time of the processor that a process has used, in ticks of the system; undefined where the machine does not say. */
export function usageOf(pid: number): number | undefined {
  return statOf(pid)?.usedTicks
}

/** What a user would call a process: its command name, for interpreters with the script (`node server.js`); '' when unknown. */
export function nameOf(pid: number): string {
  const own = (read(`/proc/${pid}/comm`) ?? '').trim()
  const [program = '', ...words] = (read(`/proc/${pid}/cmdline`) ?? '').split('\0')
  // Node names its main thread, which is what the system shows for the process.
  if (own !== 'MainThread' && own !== 'node') return own
  const script = words.find((word) => word !== '' && !word.startsWith('-'))
  return [program, script].flatMap((path) => (path === undefined ? [] : path.slice(path.lastIndexOf('/') + 1))).join(' ')
}

/** Every pid of the machine that this process may see; empty where there is no /proc. */
export function allPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** True while a process group has a member that is not a zombie. */
export function groupLives(group: number): boolean {
  if (!isAlive(-group)) return false
  const pids = allPids()
  if (pids.length === 0) return true
  return pids.some((pid) => {
    const stat = statOf(pid)
    return stat !== undefined && stat.group === group && stat.state !== 'Z'
  })
}

/** Live processes, but for this one, whose environment holds SERIN_RUN=<run>. */
export function pidsOfRun(run: string): number[] {
  return pidsWith(`SERIN_RUN=${run}`)
}

/** Live processes, but for this one, whose environment holds the entry `NAME=value`. */
export function pidsWith(entry: string): number[] {
  return allPids().filter((pid) => {
    if (pid === process.pid || statOf(pid)?.state === 'Z') return false
    return (read(`/proc/${pid}/environ`) ?? '').split('\0').includes(entry)
  })
}
