// The program of a mesh worker: one data plane, ordered about over process IPC. It exits when the control process is gone or says so.

import { Socket } from 'node:net'
import process from 'node:process'
import { unreachable } from '../std/bug.ts'
import type { Clock } from '../std/clock.ts'
import type { AccessLog } from './access-log.ts'
import { DataPlane } from './data-plane.ts'
import { LogSender } from './log-sender.ts'
import { openFilesMax } from './open-files.ts'
import { testReadMode } from './transport.ts'
import { LOG_FD } from './worker-protocol.ts'
import type { WorkerOrder, WorkerReport } from './worker-protocol.ts'

const clock: Clock = {
  now: () => Date.now(),
  after: (delay, wake) => {
    const timer = setTimeout(wake, delay)
    return () => clearTimeout(timer)
  }
}

let plane: DataPlane | undefined

function report(message: WorkerReport): void {
  if (process.connected) process.send?.(message)
}

let sender: LogSender | undefined

function sendLog(log: AccessLog): LogSender {
  const pipe = new Socket({ fd: LOG_FD, readable: false, writable: true })
  pipe.unref()
  return new LogSender(log, clock, pipe)
}

async function carryOut(order: WorkerOrder): Promise<void> {
  if (order.kind === 'begin') {
    const readMode = order.readMode ?? (await testReadMode())
    plane = new DataPlane({
      clock,
      draw: Math.random,
      readMode,
      limits: order.limits,
      share: order.share,
      reusePort: order.share.count > 1,
      accessLog: order.accessLog,
      shadowHosts: order.shadowHosts,
      openFiles: openFilesMax()
    })
    countFor(plane)
    if (plane.accessLog !== undefined) sender = sendLog(plane.accessLog)
    return report({ kind: 'begun', readMode })
  }
  if (plane === undefined) return
  switch (order.kind) {
    case 'apply':
      return report({ kind: 'applied', order: order.order, version: plane.apply(order.changes) })
    case 'listen':
      return listen(plane, order)
    case 'unlisten':
      await plane.unlisten(order.id)
      return report({ kind: 'done', order: order.order })
    case 'count':
      return report({ ...counted(plane), order: order.order })
    case 'quiet':
      await plane.quiet(order.address, order.limit)
      return report({ kind: 'done', order: order.order })
    case 'close':
      await plane.close()
      return report({ kind: 'done', order: order.order })
    case 'drain':
      await plane.drain(order.limit)
      await sender?.flush()
      report({ ...counted(plane), order: order.order })
      if (process.connected) process.disconnect()
      return
    default:
      unreachable(order)
  }
}

function counted(of: DataPlane): Omit<Extract<WorkerReport, { kind: 'counted' }>, 'order'> {
  return { kind: 'counted', cells: of.recorder.takeChanged(), reached: of.recorder.reached(), stats: of.takeStats() }
}

const COUNT_PERIOD = 100

// What a worker that dies takes along is what it counted in one period. While the control process does not read, changes add up here.
function countFor(of: DataPlane): void {
  let due = false
  const later = (): void => {
    due = true
    setTimeout(() => {
      const message: WorkerReport = counted(of)
      const again = (): void => {
        due = false
        if (of.recorder.hasChanged) later()
      }
      if (process.connected) process.send?.(message, undefined, undefined, again)
    }, COUNT_PERIOD)
  }
  of.recorder.onChange = () => {
    if (!due) later()
  }
}

async function listen(on: DataPlane, order: Extract<WorkerOrder, { kind: 'listen' }>): Promise<void> {
  try {
    report({ kind: 'listening', order: order.order, port: await on.listen(order.spec) })
  } catch (cause) {
    // Only the system's errors come from listen.
    const error = cause as NodeJS.ErrnoException
    report({ kind: 'not-listening', order: order.order, code: error.code ?? '', message: error.message })
  }
}

const LAST_DRAIN = 2000

async function finish(): Promise<void> {
  await plane?.drain(LAST_DRAIN)
  process.exit(0)
}

// Orders begin in the order they come; a slow one (a drain) does not hold up those behind it.
let begun: Promise<void> = Promise.resolve()

process.on('message', (message) => {
  // The control process is the only peer of this channel.
  const order = message as WorkerOrder
  if (order.kind === 'begin') begun = carryOut(order)
  else void begun.then(() => carryOut(order))
})
// Without the control process there are no rules and soon no pods: what was begun is finished, as long as those are given to end.
process.on('disconnect', () => void finish())
// Another takes its place before this one is drained.
process.on('SIGTERM', () => {
  if (plane === undefined) process.exit(0)
  // Without a control process it is finishing already, and the reaper knows how long it may.
  report({ kind: 'leaving' })
})
// The control process decides when a worker ends: a Ctrl-C in a terminal reaches the whole group.
process.on('SIGINT', () => undefined)
