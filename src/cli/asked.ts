// The end of a command that runs until it is told to stop.

import { tellStatus } from './starter.ts'

// A caller may be told twice of one wish (npm and the terminal each pass Ctrl-C on): only a later one is meant as a second.
const SECOND_AFTER_MS = 1000
const INTERRUPTED = 130

/**
 * Resolves on SIGTERM, SIGINT, SIGHUP, or when the program that started this one is gone. Asked a second time, the program ends at once. The
 * starter (bin/serin) passes a signal on as another one: however late it comes, it is not taken for a second of what the terminal sent here.
 */
export function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    const firsts = new Map<NodeJS.Signals, number>()
    const ask = (signal: NodeJS.Signals): void => {
      const first = firsts.get(signal) ?? performance.now()
      firsts.set(signal, first)
      if (performance.now() - first > SECOND_AFTER_MS) end()
      resolve()
    }
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ask)
    process.once('disconnect', () => resolve())
  })
}

// What still runs is the reaper's now.
function end(): never {
  // A message this short is written at once.
  void tellStatus(INTERRUPTED)
  process.exit(INTERRUPTED)
}
