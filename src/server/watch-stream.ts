// One watch over HTTP: a line of JSON per event, bookmarks, a time limit, and an end for watchers that do not keep up.

import type { ServerResponse } from 'node:http'
import type { Clock, Millis } from '../std/clock.ts'
import type { KindSpec, VersionSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import type { ApiBackend } from './api-backend.ts'
import type { WatchRequest, WatchStep } from '../kube/embedded-api.ts'
import { groupVersion } from './discovery.ts'
import { type PrintForm, tableForm, versionOf } from './print.ts'
import { statusBody } from './status.ts'
import { partialMetadata, printerOf, table } from './table.ts'

/**
 * Bytes that may wait for one slow watcher besides the state that a watch begins with, which comes at once; beyond this its connection
 * ends and it resumes by resource version.
 */
export const WATCH_BACKLOG_MAX = 4 * 1024 * 1024
const BOOKMARK_PERIOD: Millis = 60_000

/** What a watch needs besides the request. */
export interface WatchContext {
  readonly backend: ApiBackend
  readonly clock: Clock
  readonly form: PrintForm
  /** After this the stream ends cleanly and the client asks again. */
  readonly timeout: Millis
  /** Ends the stream when the server closes. */
  readonly signal: AbortSignal
}

interface Watched {
  readonly spec: KindSpec
  readonly version: VersionSpec
}

const TYPES = { added: 'ADDED', modified: 'MODIFIED', deleted: 'DELETED' } as const

/** Streams until the client leaves, the time is up, the watch fails or the server closes. */
export function streamWatch(response: ServerResponse, request: WatchRequest, context: WatchContext): void {
  const { backend, clock, form } = context
  const early: WatchStep[] = []
  let emit = (step: WatchStep): void => void early.push(step)
  const watch = backend.watch(request, (step) => emit(step))
  if (watch.kind === 'failure') {
    const { retryAfterSeconds } = watch.status.details ?? {}
    const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
    response.writeHead(watch.status.code, { 'content-type': 'application/json', ...wait })
    response.end(JSON.stringify(statusBody(watch.status)))
    return
  }
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.socket?.setNoDelay(true)
  // At once, even with nothing to say: clients wait for the head.
  response.flushHeaders()
  const body = stepPrinter(watch, form, clock)
  let backlogMax = Number.POSITIVE_INFINITY
  const write = (step: WatchStep): void => {
    response.write(`${JSON.stringify(body(step))}\n`)
    if (step.kind === 'failed') finish()
    else if (response.writableLength > backlogMax) response.destroy()
  }
  const bookmark = (): void => {
    write({ kind: 'bookmark', resourceVersion: backend.resourceVersion(), initialEnd: false })
    cancelBookmark = clock.after(BOOKMARK_PERIOD, bookmark)
  }
  const withBookmarks = request.allowWatchBookmarks === true
  let cancelBookmark = withBookmarks ? clock.after(BOOKMARK_PERIOD, bookmark) : () => {}
  const cancelTimeout = clock.after(context.timeout, () => {
    if (withBookmarks) write({ kind: 'bookmark', resourceVersion: backend.resourceVersion(), initialEnd: false })
    finish()
  })
  const release = (): void => {
    emit = () => {}
    watch.stop()
    cancelBookmark()
    cancelTimeout()
    context.signal.removeEventListener('abort', finish)
  }
  const finish = (): void => {
    release()
    response.end()
  }
  response.on('close', release)
  context.signal.addEventListener('abort', finish, { once: true })
  emit = write
  for (const step of early) emit(step)
  backlogMax = response.writableLength + WATCH_BACKLOG_MAX
}

// The event for each step. A Table's columns come with its first event only.
function stepPrinter(watch: Watched, form: PrintForm, clock: Clock): (step: WatchStep) => unknown {
  const shape = objectPrinter(watch, form, clock)
  const bookmarkObject = (resourceVersion: string, initialEnd: boolean): KubeObject => ({
    kind: watch.spec.kind,
    apiVersion: groupVersion(watch.spec.group, watch.version.name),
    metadata: { resourceVersion, ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}) }
  })
  return (step) => {
    switch (step.kind) {
      case 'added':
      case 'modified':
      case 'deleted':
        return { type: TYPES[step.kind], object: shape(step.object, 'row') }
      case 'bookmark':
        return { type: 'BOOKMARK', object: shape(bookmarkObject(step.resourceVersion, step.initialEnd), 'no row') }
      case 'failed':
        return { type: 'ERROR', object: statusBody(step.status) }
    }
  }
}

function objectPrinter(watch: Watched, form: PrintForm, clock: Clock): (object: KubeObject, row: 'row' | 'no row') => unknown {
  const { representation } = form
  if (representation.kind === 'object') return (object) => object
  const { version } = representation
  if (representation.kind === 'metadata') return (object) => partialMetadata(object, version)
  const printer = printerOf(watch.spec, watch.version, undefined)
  let first = true
  return (object, row) => {
    const printed = table(printer, row === 'row' ? [object] : [], versionOf(object), tableForm({ ...form, now: clock.now() }, version))
    if (!first) return { ...printed, columnDefinitions: null }
    first = false
    return printed
  }
}
