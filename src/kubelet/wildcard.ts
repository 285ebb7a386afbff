// Finds pods that listen on every address instead of their own: such a program takes its port from all other pods (Linux only).

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** Ports on which a process of the group listens at 0.0.0.0 or ::, sorted. Empty where the machine does not say. */
export function wildcardPorts(group: number): number[] {
  const byInode = new Map<string, number>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const row of attempt(() => readFileSync(table, 'latin1').split('\n').slice(1), [])) {
      const columns = row.trim().split(/\s+/)
      const [address = '', port = ''] = (columns[1] ?? '').split(':')
      if (columns[3] === '0A' && /^0+$/.test(address)) byInode.set(`socket:[${columns[9]}]`, Number.parseInt(port, 16))
    }
  }
  if (byInode.size === 0) return []
  const pids = attempt(() => readdirSync('/proc').filter((name) => /^\d+$/.test(name)), []).filter((pid) => groupOf(pid) === group)
  const ports = pids.flatMap((pid) =>
    attempt(() => readdirSync(`/proc/${pid}/fd`), []).flatMap(
      (fd) => byInode.get(attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '')) ?? []
    )
  )
  return [...new Set(ports)].sort((a, b) => a - b)
}

function groupOf(pid: string): number {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'), '')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
}

// Processes come and go while they are looked at.
function attempt<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch {
    return otherwise
  }
}
