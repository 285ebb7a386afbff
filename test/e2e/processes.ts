// The processes of an instance, by the program that they run.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pidsOfRun } from '../../src/host/process-table.ts'
import type { Serin } from './serin.ts'

/** Ids of the living processes of an instance in whose command line `program` stands, e.g. `worker-main`. */
export function programsOf({ dir }: Pick<Serin, 'dir'>, program: string): number[] {
  return pidsOfRun(readFileSync(join(dir, 'run'), 'utf8').trim()).filter((pid) => commandOf(pid).includes(program))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    // It ended while we looked.
    return ''
  }
}
