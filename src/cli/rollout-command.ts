// The commands of a rollout on this machine's terminal: the cluster, the screen, signals, and the exit status. Loaded when one of them is asked
// for: the client brings undici (docs/decisions/068, 080).

import { systemClock, systemDraw } from '../host/system-clock.ts'
import { clusterOf } from './cluster.ts'
import { Screen, styled } from './demo-screen.ts'
import { plainText } from './plain-text.ts'
import { EXIT, failureOf } from './rollout-end.ts'
import type { StatusOptions, VerbOptions } from './rollout-options.ts'
import { type RolloutIo, showStatus } from './rollout-status.ts'
import { runVerb } from './rollout-verbs.ts'

/** A command that was read from the command line. */
export type RolloutJob =
  | { readonly kind: 'status'; readonly options: StatusOptions }
  | { readonly kind: 'verb'; readonly options: VerbOptions }

/** Runs it; resolves with the exit status. Rejects for a bug only. */
export async function runRolloutCommand(job: RolloutJob, complain: (line: string) => void): Promise<number> {
  const { signal } = untilAsked()
  const { screen, colour } = screenFor(job)
  try {
    const clock = systemClock()
    const cluster = clusterOf(job.options, clock, (text) => complain(`warning: ${plainText(text)}`))
    const io: RolloutIo = {
      client: cluster.client,
      namespace: cluster.namespace,
      clock,
      draw: systemDraw(),
      print: (lines) => {
        screen?.close()
        for (const { text, tone } of lines) process.stdout.write(`${tone === 'plain' ? text : styled(text, tone, colour)}\n`)
      },
      complain: (line) => complain(plainText(line)),
      draw2d: screen === undefined ? undefined : (lines) => screen.draw(lines),
      signal
    }
    return await (job.kind === 'status' ? showStatus(job.options, io) : runVerb(job.options, io)).finally(() => cluster.close())
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    const failure = failureOf(error)
    if (failure === undefined) throw error
    screen?.close()
    complain(failure.message)
    return failure.code
  } finally {
    screen?.close()
  }
}

function untilAsked(): AbortController {
  const asked = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => asked.abort(new Error('asked to end')))
  process.once('disconnect', () => asked.abort(new Error('the starter is gone')))
  process.stdout.on('error', () => asked.abort(new Error('nobody reads')))
  return asked
}

function screenFor(job: RolloutJob): { readonly screen: Screen | undefined; readonly colour: 'colour' | 'none' } {
  const terminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  const colour = terminal && !process.env['NO_COLOR'] ? 'colour' : 'none'
  const watches = job.kind === 'status' && job.options.mode === 'watch'
  const screen = terminal && watches ? new Screen(process.stdout, colour) : undefined
  process.on('SIGWINCH', () => screen?.refresh())
  process.on('exit', () => screen?.close())
  return { screen, colour }
}
