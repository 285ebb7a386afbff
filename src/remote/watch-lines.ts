// A watch's body as events: one JSON object a line. A line that the end of the connection cut off was never sent; one that is too long, or no
// JSON, ends the watch as a failure, and the reader lists again.

import type { KubeObject } from '../api/object.ts'
import { ApiError, type WatchEvent } from '../kube/kube-client.ts'
import { dig, isObject } from '../std/json.ts'
import { statusError, textAt } from './api-answer.ts'

/** Longest line, in UTF-16 units: an object is at most 1.5 MB on a real server, and its JSON not much more. */
export const LINE_MAX = 32 * 1024 * 1024

const KINDS: Readonly<Record<string, 'added' | 'modified' | 'deleted'>> = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' }

/** The events of `body`, until it ends or the signal is aborted. Throws ApiError for what the server reports or sends amiss. */
export async function* watchEvents(
  body: AsyncIterable<unknown> & { destroy(error?: Error): unknown },
  path: string,
  signal: AbortSignal
): AsyncGenerator<WatchEvent> {
  try {
    for await (const line of linesOf(body, path)) {
      const event = eventOf(line, path)
      if (event !== undefined) yield event
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    // A connection that breaks ends the watch as a server does that has had enough: its reader goes on from the last version.
    if (error instanceof ApiError) throw error
  } finally {
    body.destroy()
  }
  signal.throwIfAborted()
}

async function* linesOf(body: AsyncIterable<unknown>, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest: string[] = []
  let length = 0
  for await (const part of body) {
    const lines = decoder.decode(part as Uint8Array, { stream: true }).split('\n')
    for (const [index, text] of lines.entries()) {
      rest.push(text)
      length += text.length
      if (length > LINE_MAX) throw new ApiError(500, 'InternalError', `watching ${path}: a line is longer than ${LINE_MAX} characters`)
      if (index === lines.length - 1) break
      const line = rest.join('')
      rest = []
      length = 0
      if (line.trim() !== '') yield line
    }
  }
}

function eventOf(line: string, path: string): WatchEvent | undefined {
  const event = parsed(line)
  const [type, object] = [dig(event, 'type'), dig(event, 'object')]
  if (typeof type !== 'string' || !isObject(object)) {
    throw new ApiError(500, 'InternalError', `watching ${path}: what came is no event: ${line.slice(0, 200)}`)
  }
  if (type === 'ERROR') throw statusError(object, 500)
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion: textAt(object, 'metadata', 'resourceVersion') }
  const kind = KINDS[type]
  // Kinds of events to come are none of ours.
  if (kind === undefined || !isObject(object['metadata'])) return undefined
  return { kind, object: object as unknown as KubeObject }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
