// Finds pods that listen on every address instead of their own: such a program takes its port from all other pods (Linux only).

import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs'

const PIECE = 4096
/** TCP_LISTEN of the kernel. */
const LISTENS = '0A'

/** Ports on which a process of the group listens at 0.0.0.0 or ::, sorted. Empty where the machine does not say. */
export function wildcardPorts(group: number): number[] {
  const byInode = new Map<string, number>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const columns of attempt(() => listenersOf(table), [])) {
      const [address = '', port = ''] = (columns[1] ?? '').split(':')
      if (/^0+$/.test(address)) byInode.set(`socket:[${columns[9]}]`, Number.parseInt(port, 16))
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

function listenersOf(table: string): string[][] {
  const file = openSync(table, 'r')
  const room = Buffer.alloc(PIECE)
  try {
    return listeningRows(() => room.toString('latin1', 0, readSync(file, room)))
  } finally {
    closeSync(file)
  }
}

/**
 * The columns of the sockets that listen, of a table read in pieces ('' at its end). The kernel tells those first, and on a machine under
 * load the others are tens of thousands, a tenth of a second to read: what comes after them is not read.
 */
export function listeningRows(next: () => string): string[][] {
  const listening: string[][] = []
  // The first row is the heading.
  let [rest, at] = ['', -1]
  for (let piece = next(); piece !== ''; piece = next()) {
    const rows = (rest + piece).split('\n')
    rest = rows.pop() ?? ''
    for (const row of rows) {
      at += 1
      const columns = row.trim().split(/\s+/)
      if (at > 0 && columns[3] === LISTENS) listening.push(columns)
      else if (listening.length > 0) return listening
    }
  }
  return listening
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
