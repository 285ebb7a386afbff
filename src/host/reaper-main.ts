// The reaper's program: holds a pipe from the control process. Lines `add pod 123`, `add worker 124`, `remove 123` say which process
// groups exist; `done` or the end of the pipe says that the control process is finished or dead: pods end, then workers, within 5 s.

import { createInterface } from 'node:readline'
import { groupLives, pidsOfRun, signalTo } from './process-table.ts'

const POD_GRACE_MS = 2000
const WORKER_GRACE_MS = 1000
const LOOK_MS = 50

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

async function endGroups(groups: readonly number[], graceMs: number): Promise<void> {
  const living = (): number[] => groups.filter(groupLives)
  for (const group of groups) signalTo(-group, 'SIGTERM')
  for (let waited = 0; waited < graceMs && living().length > 0; waited += LOOK_MS) await sleep(LOOK_MS)
  for (const group of living()) signalTo(-group, 'SIGKILL')
}

async function reap(run: string, groups: ReadonlyMap<number, string>): Promise<void> {
  const of = (role: string): number[] => [...groups].filter(([, each]) => each === role).map(([group]) => group)
  await endGroups(of('pod'), POD_GRACE_MS)
  await endGroups(of('worker'), WORKER_GRACE_MS)
  // Started but not yet announced when the control process died, or moved out of their group.
  for (const pid of pidsOfRun(run)) signalTo(pid, 'SIGKILL')
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const groups = new Map<number, string>()
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb = '', first = '', second = ''] = line.split(' ')
    if (verb === 'add') groups.set(Number(second), first)
    if (verb === 'remove') groups.delete(Number(first))
    if (verb === 'done') break
  }
  await reap(process.argv[2] ?? '', groups)
  process.exit(0)
}

await main()
