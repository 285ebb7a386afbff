// `serin demo` on this machine's terminal: the screen, and the end by a signal. Loaded when it is asked for: it brings all of Serin.

import { untilAsked } from './asked.ts'
import { chosenConfig } from './chosen-config.ts'
import { demo } from './demo.ts'
import { Screen, styled } from './demo-screen.ts'
import type { DemoOptions } from './options.ts'
import { say } from './terminal.ts'

const EXIT_WAIT_MS = 2000

/** Runs it; resolves with the exit status. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const config = chosenConfig(options)
  if (config === undefined) return 2
  const { isTTY } = process.stdout
  const colour = isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb' ? 'colour' : 'none'
  const screen = isTTY && process.env['TERM'] !== 'dumb' ? new Screen(process.stdout, colour) : undefined
  for (const signal of ['SIGWINCH', 'SIGCONT'] as const) process.on(signal, () => screen?.refresh())
  // However the program ends, the terminal is given back.
  process.on('exit', () => screen?.close())
  const gone = new Promise<void>((resolve) => process.stdout.on('error', () => resolve()))
  try {
    return await demo({
      options,
      config,
      screen,
      print: ({ text, tone }) => say(styled(text, tone, colour)),
      afterwards: isTTY && options.exit !== 'at the end' ? 'stay' : 'end',
      asked: Promise.race([untilAsked(), gone])
    })
  } finally {
    // What a failed start left open must not hold the program; children are the reaper's.
    setTimeout(() => process.exit(), EXIT_WAIT_MS).unref()
  }
}
