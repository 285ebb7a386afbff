// The commands of a rollout on this machine's terminal: the cluster, the screen, signals, and the exit status. Loaded when one of them is asked
// for.

import { systemClock, systemDraw } from '../host/system-clock.ts'
import { untilAsked } from './asked.ts'
import { clusterOf } from './cluster.ts'
import { Screen, styled } from './demo-screen.ts'
import { plainText } from './plain-text.ts'
import { EXIT, failureOf } from './rollout-end.ts'
import type { HistoryOptions, StatusOptions, VerbOptions } from './rollout-options.ts'
import type { RolloutIo } from './rollout-status.ts'

/** A command that was read from the command line. */
export type RolloutJob =
  | { readonly kind: 'status'; readonly options: StatusOptions }
  | { readonly kind: 'history'; readonly options: HistoryOptions }
  | { readonly kind: 'verb'; readonly options: VerbOptions }

/** Runs it; resolves with the exit status. Rejects for a bug only. */
export async function runRolloutCommand(job: RolloutJob, complain: (line: string) => void): Promise<number> {
  const { signal } = asking()
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
    return await carryOut(job, io).finally(() => cluster.close())
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

// An abort does not wait for what only pictures need.
async function carryOut(job: RolloutJob, io: RolloutIo): Promise<number> {
  switch (job.kind) {
    case 'status':
      return (await import('./rollout-status.ts')).showStatus(job.options, io)
    case 'history':
      return (await import('./rollout-history.ts')).showHistory(job.options, io)
    case 'verb':
      return (await import('./rollout-verbs.ts')).runVerb(job.options, io)
  }
}

function asking(): AbortController {
  const asked = new AbortController()
  void untilAsked().then(() => asked.abort(new Error('asked to end')))
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
