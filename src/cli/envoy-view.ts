// What Envoy's admin interface shows of a running instance.

import { expositionParts, limitMetric } from '../metrics/exposition.ts'
import type { Registry } from '../metrics/registry.ts'
import { LIMIT_NAMES } from '../proxy/limits.ts'
import type { MeshStats } from '../proxy/mesh-stats.ts'
import type { Clock } from '../std/clock.ts'
import type { EnvoyView } from './envoy-admin.ts'
import type { Mesh } from './mesh.ts'
import { ownVersion } from './version.ts'

/** The instance: `count` is how many workers it has, `collect` brings its counts up to date. */
export interface Counted {
  readonly registry: Registry
  readonly stats: MeshStats
  readonly mesh: Pick<Mesh, 'table'>
  readonly collect: () => Promise<void>
  readonly clock: Clock
  readonly count: number
}

/** The view of an instance that starts now. */
export function envoyView({ registry, stats, mesh, collect, clock, count }: Counted): EnvoyView {
  const started = clock.now()
  return {
    version: ownVersion(),
    counts: async () => {
      await collect()
      return { stats, table: mesh.table, workers: count, uptime: clock.now() - started }
    },
    exposition: (others) => expositionParts(registry.cells(), [limitMetric(LIMIT_NAMES, registry.reached()), ...others])
  }
}
