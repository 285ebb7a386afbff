// `serin rehearse`: reads its files, rehearses the Canary in them, and prints what it found.

import { writeFileSync } from 'node:fs'
import { rehearsal } from '../sim/rehearsal.ts'
import { rehearsalJson } from '../sim/rehearsal-json.ts'
import { rehearsalSvg } from '../sim/rehearsal-svg.ts'
import { rehearsalLines } from '../sim/rehearsal-text.ts'
import { withLatency } from '../sim/service.ts'
import { escaped, plainText } from './plain-text.ts'
import { readFiles, UnreadableError } from './read-files.ts'
import { questionFrom } from './rehearse-files.ts'
import type { RehearseOptions } from './rehearse-options.ts'

/** Where lines go. */
export interface RehearseIo {
  readonly say: (text: string) => void
  readonly complain: (line: string) => void
}

/** Rehearses; resolves with the exit status. */
export async function rehearseFiles(options: RehearseOptions, { say, complain }: RehearseIo): Promise<number> {
  const { manifests } = await readFiles(options.files)
  const asked = questionFrom(manifests, options, complain)
  if (typeof asked === 'string') {
    complain(asked)
    return 1
  }
  const { regressions, disturbance, runs, seed, changes, rate, baseErrors, latency } = options
  const service = { ...withLatency(latency.median, latency.p99), rate, errors: baseErrors }
  const found = await rehearsal({ ...asked, service, regressions, disturbance, runs, seed, changes })
  if (typeof found === 'string') {
    complain(plainText(found))
    return 1
  }
  if (options.svg !== undefined) writePicture(options.svg, rehearsalSvg(found))
  if (options.output === 'json') say(escaped(JSON.stringify(rehearsalJson(found), undefined, 2)))
  else for (const line of rehearsalLines(found)) say(plainText(line))
  return 0
}

function writePicture(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new UnreadableError(`--svg ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
