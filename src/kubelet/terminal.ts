// A terminal for a command: script(1) makes one and passes everything on; its size is set from outside, on the device the command has.

import { readFileSync, readlinkSync } from 'node:fs'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { TerminalSize } from '../kube/pod-access.ts'
import type { ProcessPort } from './kubelet-options.ts'

type Words = readonly [string, ...string[]]

// The size comes when the connection does, the terminal a little later.
const DEVICE_WAIT: Millis = 2000
const DEVICE_LOOK: Millis = 20
const PATH = '/usr/local/bin:/usr/bin:/bin'

/** The words that run `command` in a terminal of its own, with its exit code. */
export function inTerminal(command: Words): Words {
  if (process.platform === 'darwin') return ['script', '-q', '/dev/null', ...command]
  return ['script', '-qefc', `exec ${command.map(quoted).join(' ')}`, '/dev/null']
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** Sets the size of the terminal that the script of this pid made; where the machine does not say which that is, nothing happens. */
export async function sizeTerminal(
  pid: number,
  size: TerminalSize,
  { processes, clock }: { readonly processes: ProcessPort; readonly clock: Clock }
): Promise<void> {
  const device = await deviceOf(pid, clock)
  if (device === undefined) return
  const command: Words = ['stty', '-F', device, 'cols', String(size.columns), 'rows', String(size.rows)]
  const running = await processes.spawn({ command, env: { PATH }, role: 'pod' }).catch(() => undefined)
  await running?.exited
}

async function deviceOf(pid: number, clock: Clock): Promise<string | undefined> {
  const until = clock.now() + DEVICE_WAIT
  do {
    const device = terminalBelow(pid)
    if (device !== undefined) return device
    await wait(clock, DEVICE_LOOK, new AbortController().signal)
  } while (clock.now() < until)
  return undefined
}

function terminalBelow(pid: number): string | undefined {
  try {
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')
    const device = child === '' ? '' : readlinkSync(`/proc/${child}/fd/0`)
    return device.startsWith('/dev/pts/') ? device : undefined
  } catch {
    return undefined
  }
}
