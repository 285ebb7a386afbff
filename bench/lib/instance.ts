// A real instance beside the load: `serin up` on all cores, gone with its stage.

import process from 'node:process'
import { type Serin, startSerin } from '../../test/e2e/serin.ts'
import { childrenOf } from './proc.ts'
import { type Stage, pin } from './stage.ts'

/** Starts one. Without more it would have the core of the load, from which it is started. */
export async function startInstance(stage: Stage): Promise<Serin> {
  const serin = await startSerin()
  const kill = (): boolean => serin.child.kill()
  process.once('exit', kill)
  stage.atEnd(() => {
    process.off('exit', kill)
    return serin.stop()
  })
  for (const pid of [serin.pid, ...childrenOf(serin.pid)]) pin('any', pid)
  return serin
}
