// A data plane in a process of its own, which may have few files. It gets its table first and tells its port; asked again, how it is doing.

import process from 'node:process'
import { systemClock } from '../../src/host/system-clock.ts'
import { DataPlane } from '../../src/proxy/data-plane.ts'
import type { TableChange } from '../../src/route/route-table.ts'

/** What the process says of itself. */
export interface Doing {
  readonly reached: Readonly<Record<string, number>>
  readonly connections: number
  readonly requests: number
  /** Connections to endpoints that count as failed. */
  readonly connectFailures: number
  /** Turns of its event loop so far. */
  readonly turns: number
}

const plane = new DataPlane({ clock: systemClock(), draw: Math.random, readMode: 'buffer' })

function doing(): Doing {
  const { connections, requests } = plane.load
  const connectFailures = plane.clusters.get('c')?.stats.read('upstream_cx_connect_fail') ?? 0
  return {
    reached: plane.recorder.reached(),
    connections,
    requests,
    connectFailures,
    turns: performance.nodeTiming.uvMetricsInfo.loopCount
  }
}

process.once('message', (changes) => {
  // The test is the only peer of this channel.
  plane.apply(changes as TableChange[])
  const source = { workload: 'g', namespace: 'n', app: 'g', version: 'latest' }
  void plane
    .listen({ id: 'http', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source })
    .then((port) => process.send?.(port))
  process.on('message', () => process.send?.(doing()))
})
process.on('disconnect', () => process.exit(0))
