// Running one recorded command with a real kubectl: a folder of its own with the case's files, a kubeconfig and an empty cache, changes by
// "another client" once the request they wait for has come, and an end for commands that would go on for ever.

import { type ChildProcess, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import type { Printed } from './compare-output.ts'
import type { Change, RecordedCase } from './recording.ts'
import { changeRequest, send, type ServerUnderTest } from './replay.ts'

/** Where commands run. `env` beside the case's own. */
export interface Workplace {
  readonly program: string
  readonly server: ServerUnderTest
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** More than any recorded command takes. */
const COMMAND_MS_MAX = 60_000

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
    if (recorded.watchEvents === undefined || !isFull(recorded, printed.stdout)) return
    // What is still printed until it has ended is of events that were not recorded.
    printed.stdout = printed.stdout.split('\n', linesOf(recorded.stdout)).join('\n') + '\n'
    child.kill('SIGKILL')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text))
  // a command that does not read its input closes the pipe
  child.stdin.on('error', () => undefined)
  child.stdin.end(recorded.stdin ?? '')
  const limit = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS_MAX)
  const stopFollowing = follow(recorded, server, child)
  const exitCode = await ended
  clearTimeout(limit)
  stopFollowing()
  return { exitCode, ...printed }
}

/** What was recorded of its end: nothing where it was ended by the recorder. */
export function recordedOutput(recorded: RecordedCase): Printed {
  const { exitCode, stdout, stderr, watchEvents } = recorded
  return { exitCode: exitCode === 'killed' || watchEvents !== undefined ? undefined : exitCode, stdout, stderr }
}

// A watch that prints several lines for an event has all it should when it printed as many lines as were recorded.
function isFull(recorded: RecordedCase, stdout: string): boolean {
  return linesOf(stdout) >= linesOf(recorded.stdout)
}

const linesOf = (text: string): number => text.split('\n').length - 1

// The server under test runs in this process, so its requests can be seen here.
function follow(recorded: RecordedCase, server: ServerUnderTest, child: ChildProcess): () => void {
  const { during, exitCode } = recorded
  const port = Number(new URL(server.url).port)
  let asked = 0
  let changing = false
  const seen = (message: unknown): void => {
    // the channel's own documented form
    const { request, response } = message as { readonly request: IncomingMessage; readonly response: ServerResponse }
    if (request.socket.localPort !== port) return
    asked++
    // It was ended when it asked for ever: it does when it asks again what was recorded once.
    if (exitCode === 'killed' && asked > recorded.exchanges.length) child.kill('SIGKILL')
    if (during === undefined || changing || request.method !== during.after.method || !isAbout(request, during.after)) return
    changing = true
    // A watch begins at the version of the list before it, so that no change can come too early for it.
    if (isWatch(request)) void change(during.changes)
    else response.once('finish', () => void change(during.changes))
  }
  const change = async (changes: readonly Change[]): Promise<void> => {
    for (const each of changes) if (child.exitCode === null) await send(server, changeRequest(each))
  }
  subscribe('http.server.request.start', seen)
  return () => unsubscribe('http.server.request.start', seen)
}

const isAbout = ({ url = '' }: IncomingMessage, { pathContains }: { readonly pathContains: string }): boolean => url.includes(pathContains)
const isWatch = ({ url = '' }: IncomingMessage): boolean => url.includes('watch=true')
