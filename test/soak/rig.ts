// A whole mesh for a mixed load: worker processes, the servers they call, what they counted, and what each of them holds.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { usageOf } from '../../src/host/process-table.ts'
import { systemClock } from '../../src/host/system-clock.ts'
import { Registry } from '../../src/metrics/registry.ts'
import type { ListenerSpec } from '../../src/proxy/listener.ts'
import { MeshStats } from '../../src/proxy/mesh-stats.ts'
import { Workers } from '../../src/proxy/workers.ts'
import { until } from '../e2e/run.ts'
import { WORKERS_READ } from '../read-mode.ts'
import type { Counted } from './ledger.ts'
import type { Holding } from './probe.ts'
import { holdingFile } from './probe.ts'
import { mixedTable } from './table.ts'
import { Arrivals, startCalled } from './upstreams.ts'
import type { Called } from './upstreams.ts'

const SOURCE = { workload: 'gateway', namespace: 'istio-system', app: 'gateway', version: 'latest' }

/** A gateway's listener on any free port. */
export const GATEWAY: ListenerSpec = { id: 'gateway', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source: SOURCE }
/** A pod's proxy, which lets pass what is not for the mesh. */
const POD: ListenerSpec = {
  id: 'pod',
  address: '127.0.0.1',
  port: 0,
  entry: { kind: 'mesh', caller: { namespace: 'default', labels: {} } },
  source: SOURCE
}

/** A running mesh. */
export interface Rig {
  readonly workers: Workers
  readonly arrivals: Arrivals
  readonly called: ReadonlyMap<string, readonly Called[]>
  /** Where the gateway listens, and the pod's proxy. */
  readonly port: number
  readonly podPort: number
  readonly troubles: readonly string[]
  /** The next version of the rules; resolves when it is in force. */
  change(): Promise<void>
  /** Brings the counts up to date. */
  count(): Promise<Counted>
  /** What each worker holds after its garbage was collected. */
  holding(): Promise<Holding[]>
  stop(): Promise<void>
}

/** Starts servers and so many workers; all is in force when it resolves. */
export async function startRig(count: number): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'serin-soak-'))
  const arrivals = new Arrivals()
  const start = (name: string): Promise<Called> => startCalled(name, arrivals)
  const called = new Map([
    ['main', [await start('main'), await start('main')]],
    ['canary', [await start('canary')]],
    ['shadow', [await start('shadow')]],
    ['PassthroughCluster', [await start('PassthroughCluster')]]
  ])
  const [registry, stats] = [new Registry(), new MeshStats()]
  const troubles: string[] = []
  const probe = pathToFileURL(join(import.meta.dirname, 'probe.ts')).href
  const workers = new Workers({
    ...WORKERS_READ,
    count,
    clock: systemClock(),
    registry,
    stats,
    usage: usageOf,
    env: { NODE_OPTIONS: `--import=${probe}`, SERIN_PROBE: folder },
    onTrouble: (message) => troubles.push(message)
  })
  await workers.start()
  let version = 0
  const change = async (): Promise<void> => void (await workers.push(mixedTable(++version, called)))
  await change()
  const port = await workers.listen(GATEWAY)
  const podPort = await workers.listen(POD)
  return {
    workers,
    arrivals,
    called,
    port,
    podPort,
    troubles,
    change,
    count: async () => {
      await workers.collect()
      return { cells: registry.cells(), stats }
    },
    holding: () => Promise.all(workers.pids.map((pid) => holdingOf(folder, pid))),
    stop: async () => {
      await workers.stop(200)
      await Promise.all([...called.values()].flat().map((server) => server.stop()))
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

async function holdingOf(folder: string, pid: number): Promise<Holding> {
  const file = holdingFile(folder, pid)
  const read = (): Holding | undefined => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Holding) : undefined)
  // A look by itself frees what the one before has only marked.
  for (let times = 0; times < 2; times++) {
    const before = read()?.look ?? 0
    process.kill(pid, 'SIGUSR2')
    await until(`process ${pid} looks at itself`, () => (read()?.look ?? 0) > before)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const held = read()
  if (held === undefined) throw new Error(`process ${pid} said nothing`)
  return held
}
