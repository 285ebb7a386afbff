// Where the gate's counters come from: the Prometheus that the operator names for the metrics of Canaries, else the mesh of this process.

import type { CounterSource } from '../control/counter-source.ts'
import { PrometheusCounters } from '../remote/prometheus-counters.ts'
import type { ProviderWorld } from '../remote/provider-call.ts'
import type { UpOptions } from './options.ts'

/** The source that gate and built-in checks have in common; `mesh`: the counts of this process. */
export function gateCounters(
  { metricsServer, metricsInterval }: Pick<UpOptions, 'metricsServer' | 'metricsInterval'>,
  mesh: CounterSource,
  world: ProviderWorld
): CounterSource {
  return metricsServer === undefined ? mesh : new PrometheusCounters({ address: metricsServer, interval: metricsInterval }, world)
}
