// `kubectl exec`: a command in a container's environment, its streams carried both ways. A terminal is not emulated: with tty, output
// still arrives as it is written, but programs see pipes.

import type { ExecExit, ExecStreams, ProcessPort, Running } from './kubelet-options.ts'

/** Where the command starts. */
export interface Inside {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** Runs the command to its end, or until the client goes away. Never rejects. */
export async function execIn(inside: Inside, command: readonly string[], streams: ExecStreams, processes: ProcessPort): Promise<ExecExit> {
  const [program, ...args] = command
  if (program === undefined) return { kind: 'failed', message: 'no command given' }
  const sending: Promise<void>[] = []
  const onBytes = (bytes: Uint8Array, stream: 'stdout' | 'stderr'): void => {
    sending.push(streams[stream](bytes).catch(() => undefined))
  }
  let running: Running
  try {
    running = await processes.spawn({ command: [program, ...args], ...inside, role: 'pod', stdin: streams.stdin !== undefined, onBytes })
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
  const leave = (): void => void running.end(0)
  streams.signal.addEventListener('abort', leave, { once: true })
  if (streams.signal.aborted) leave()
  void feed(running, streams)
  const { code } = await running.exited
  streams.signal.removeEventListener('abort', leave)
  await Promise.all(sending)
  return { kind: 'exited', code }
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
