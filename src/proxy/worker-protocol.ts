// What the control process and a mesh worker say to each other over process IPC. Every message is plain data; a worker answers each order
// with its number, in order.

import type { CellData } from '../metrics/recorder.ts'
import type { Reached } from '../metrics/registry.ts'
import type { WorkerShare } from '../route/cluster-share.ts'
import type { TableChange } from '../route/route-table.ts'
import type { AccessLogSpec } from './access-log.ts'
import type { Limits } from './limits.ts'
import type { ListenerSpec } from './listener.ts'
import type { WorkerStats } from './mesh-stats.ts'
import type { ReadMode } from './transport.ts'

/** Where a worker writes its access log, when it has one: a stream of frames (log-frames.ts) beside the channel of messages. */
export const LOG_FD = 4

/** From the control process to a worker. */
export type WorkerOrder =
  /** First of all; `readMode` undefined lets the worker test what works. */
  | {
      readonly kind: 'begin'
      /** Which of how many workers; together they are one proxy. */
      readonly share: WorkerShare
      readonly limits: Partial<Limits>
      readonly readMode: ReadMode | undefined
      readonly accessLog: AccessLogSpec | undefined
      readonly shadowHosts: boolean
    }
  | { readonly kind: 'apply'; readonly order: number; readonly changes: readonly TableChange[] }
  | { readonly kind: 'listen'; readonly order: number; readonly spec: ListenerSpec }
  | { readonly kind: 'unlisten'; readonly order: number; readonly id: string }
  | { readonly kind: 'count'; readonly order: number }
  /** Take no new connections; those there are go on. */
  | { readonly kind: 'close'; readonly order: number }
  /** Answer when no request is in hand at an address whose endpoints were taken out, within `limit` ms in any case. */
  | { readonly kind: 'quiet'; readonly order: number; readonly address: string; readonly limit: number }
  /** Finish what is in flight within `limit` ms, then exit. */
  | { readonly kind: 'drain'; readonly order: number; readonly limit: number }

/** From a worker to the control process. */
export type WorkerReport =
  | { readonly kind: 'begun'; readonly readMode: ReadMode }
  /** The changes are in force for every request that starts from now on. */
  | { readonly kind: 'applied'; readonly order: number; readonly version: number }
  | { readonly kind: 'listening'; readonly order: number; readonly port: number }
  | { readonly kind: 'not-listening'; readonly order: number; readonly code: string; readonly message: string }
  | { readonly kind: 'done'; readonly order: number }
  /** It was told to end by a signal, and waits to be drained. */
  | { readonly kind: 'leaving' }
  | {
      readonly kind: 'counted'
      /** Absent when it was not asked for. Everything in it is cumulative; what has not changed since the last report is left out. */
      readonly order?: number
      readonly cells: readonly CellData[]
      readonly reached: Reached
      readonly stats: WorkerStats
    }
