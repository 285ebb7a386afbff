// Running one recorded command with a real kubectl: a folder of its own with the case's files, a kubeconfig and an empty cache, changes by
// "another client" once the request they wait for has come, and an end for commands that would go on for ever.

import { type ChildProcess, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import type { Printed } from './compare-output.ts'
import type { RecordedCase } from './recording.ts'
import { changeRequest, send, type ServerUnderTest } from './replay.ts'

/** Where commands run. `env` beside the case's own. */
export interface Workplace {
  readonly program: string
  readonly server: ServerUnderTest
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** A command that asks for ever is ended after this, as when it was recorded. */
const KILL_AFTER_MS = 4_500
/** More than any recorded command takes. */
const COMMAND_MS_MAX = 60_000
const CHANGES_AFTER_MS = 400
const PAUSE_MS = 200

/** Writes the files of a case. */
export function writeFiles(folder: string, recorded: RecordedCase): void {
  for (const [name, text] of Object.entries(recorded.files ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

/** Runs the command to its end. */
export async function runCommand(recorded: RecordedCase, { program, server, folder, env }: Workplace): Promise<Printed> {
  const child = spawn(program, recorded.argv, { cwd: folder, env: { ...env, ...recorded.env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? undefined))
  })
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text
    if (recorded.watchEvents !== undefined && isFull(recorded, printed.stdout)) child.kill('SIGKILL')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text))
  // a command that does not read its input closes the pipe
  child.stdin.on('error', () => undefined)
  child.stdin.end(recorded.stdin ?? '')
  const limit = setTimeout(() => child.kill('SIGKILL'), recorded.exitCode === 'killed' ? KILL_AFTER_MS : COMMAND_MS_MAX)
  const stopChanges = makeChanges(recorded, server, child)
  const exitCode = await ended
  clearTimeout(limit)
  stopChanges()
  return { exitCode, ...printed }
}

/** What was recorded of its end: nothing where it was ended by the recorder. */
export function recordedOutput(recorded: RecordedCase): Printed {
  const { exitCode, stdout, stderr, watchEvents } = recorded
  return { exitCode: exitCode === 'killed' || watchEvents !== undefined ? undefined : exitCode, stdout, stderr }
}

// A watch that prints several lines for an event has all it should when it printed as many lines as were recorded.
function isFull(recorded: RecordedCase, stdout: string): boolean {
  return stdout.split('\n').length >= recorded.stdout.split('\n').length
}

// The server under test runs in this process, so its requests can be seen here.
function makeChanges(recorded: RecordedCase, server: ServerUnderTest, child: ChildProcess): () => void {
  const { during } = recorded
  if (during === undefined) return () => undefined
  const port = Number(new URL(server.url).port)
  let timer: NodeJS.Timeout | undefined
  const seen = (message: unknown): void => {
    // the channel's own documented form
    const { request } = message as { readonly request: IncomingMessage }
    const matches = request.method === during.after.method && (request.url ?? '').includes(during.after.pathContains)
    if (request.socket.localPort !== port || !matches || timer !== undefined) return
    timer = setTimeout(() => void change(0), CHANGES_AFTER_MS)
  }
  const change = async (index: number): Promise<void> => {
    const next = during.changes[index]
    if (next === undefined || child.exitCode !== null) return
    await send(server, changeRequest(next))
    timer = setTimeout(() => void change(index + 1), during.pauseMs ?? PAUSE_MS)
  }
  subscribe('http.server.request.start', seen)
  return () => {
    unsubscribe('http.server.request.start', seen)
    clearTimeout(timer)
  }
}
