// `kubectl exec`: a command in a container's environment, its streams carried both ways. With a terminal asked for, the command gets one
// from script(1), which every Linux distribution and macOS have; where it is missing, programs see pipes.

import type { Clock } from '../std/clock.ts'
import type { ExecExit, ExecStreams } from '../kube/pod-access.ts'
import type { ProcessPort, Running } from './kubelet-options.ts'
import { inTerminal, sizeTerminal } from './terminal.ts'

/** Where the command starts. */
export interface Inside {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** What runs it. */
export interface ExecTools {
  readonly processes: ProcessPort
  readonly clock: Clock
}

/** Runs the command to its end, or until the client goes away. Never rejects. */
export async function execIn(inside: Inside, command: readonly string[], streams: ExecStreams, tools: ExecTools): Promise<ExecExit> {
  const [program, ...args] = command
  if (program === undefined) return { kind: 'failed', message: 'no command given' }
  const onBytes = (bytes: Uint8Array, stream: 'stdout' | 'stderr'): Promise<void> => streams[stream](bytes)
  const env = streams.tty ? { TERM: 'xterm', ...inside.env } : inside.env
  const start = (words: Words): Promise<Running> =>
    tools.processes.spawn({ command: words, env, cwd: inside.cwd, role: 'pod', stdin: streams.stdin !== undefined, onBytes })
  let running: Running
  try {
    running = streams.tty ? await startInTerminal([program, ...args], start) : await start([program, ...args])
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
  const leave = (): void => void running.end(0)
  streams.signal.addEventListener('abort', leave, { once: true })
  if (streams.signal.aborted) leave()
  void feed(running, streams)
  streams.onResize?.((size) => void sizeTerminal(running.pid, size, tools))
  const { code } = await running.exited
  streams.signal.removeEventListener('abort', leave)
  return { kind: 'exited', code }
}

type Words = readonly [string, ...string[]]

async function startInTerminal(command: Words, start: (words: Words) => Promise<Running>): Promise<Running> {
  try {
    return await start(inTerminal(command))
  } catch {
    return start(command)
  }
}

async function feed(running: Running, { stdin }: ExecStreams): Promise<void> {
  if (stdin === undefined) return
  try {
    for await (const chunk of stdin) await running.write(chunk)
  } catch {
    // The client went away: what it sent so far stands.
  }
  running.closeStdin()
}
