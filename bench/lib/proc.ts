// What Linux counts of a process (proc(5)).

import { readFileSync, readdirSync } from 'node:fs'

const TICK_US = 10_000

/** CPU time so far of processes with all their threads, user and system, in microseconds; the kernel counts in steps of 10 ms. */
export function cpuOf(pids: readonly number[]): number {
  return pids.map((pid) => cpuTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')) * TICK_US).reduce((sum, one) => sum + one, 0)
}

/** utime and stime of a line of /proc/PID/stat. The name before them may hold blanks and brackets. */
export function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Resident memory of processes in KB. */
export function rssOf(pids: readonly number[]): number {
  return pids
    .map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN))
    .reduce((sum, one) => sum + one, 0)
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
    .map(Number)
}

function parentOf(name: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[1])
  } catch {
    // It ended while we looked.
    return undefined
  }
}
