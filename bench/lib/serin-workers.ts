// Serin's data plane as `serin up` runs it: worker processes that get their table and their listener from this one. The compiled rules
// are those of proxy-rules.ts.

import { systemClock } from '../../src/host/system-clock.ts'
import { Registry } from '../../src/metrics/registry.ts'
import { Workers } from '../../src/proxy/workers.ts'
import { compiledRules } from '../proxy-rules.ts'
import { type Stage, pin } from './stage.ts'

/** How the workers differ from the usual one. */
export interface SerinOptions {
  readonly count?: number
  /** Access log as Istio's text; the lines are dropped here. */
  readonly logs?: boolean
}

/** Workers that serve the rules. */
export interface Serving {
  readonly workers: Workers
  readonly registry: Registry
  readonly port: number
  readonly pids: readonly number[]
}

/** Starts them and lets them listen. */
export async function startWorkers(stage: Stage, backend: number, options: SerinOptions): Promise<Serving> {
  const registry = new Registry()
  const log = { accessLog: { encoding: 'text', format: undefined, routes: 'all' }, onLines: () => undefined } as const
  const workers = new Workers({
    count: options.count ?? 1,
    clock: systemClock(),
    registry,
    onTrouble: (message) => console.error(message),
    ...(options.logs === true ? log : {})
  })
  stage.atEnd(() => workers.stop(100))
  await workers.start()
  const { pids } = workers
  for (const pid of pids) pin(pids.length > 1 ? 'proxies' : 'proxy', pid)
  await workers.push(compiledRules(backend))
  const source = { workload: 'gateway', namespace: 'default', app: 'gateway', version: 'latest' }
  const port = await workers.listen({ id: 'bench', address: '127.0.0.1', port: 0, entry: { kind: 'gateway', port: 80 }, source })
  return { workers, registry, port, pids }
}
