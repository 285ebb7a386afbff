// What the rollout loop needs from outside, in one place.

import type { KubeClient } from '../kube/kube-client.ts'
import type { KubeObject } from '../api/object.ts'
import type { LabelRules } from '../canary/label-rules.ts'
import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { CounterSource } from './counter-source.ts'
import type { HookCaller } from './hook-caller.ts'
import type { MetricSource } from './metric-source.ts'
import type { QuerySource } from './query-source.ts'
import type { RolloutListener } from './rollout-listener.ts'
import type { SeriesSource } from './series-source.ts'

/** Where Events about an object go: nobody waits for them. In order for each object; repeats may be counted, and what is lost is said. */
export interface EventSink {
  record(about: KubeObject, type: 'Normal' | 'Warning', message: string, signal: AbortSignal): void
}

/** What the operator decides for all Canaries. */
export interface RolloutSettings {
  /** A Prometheus for built-in metrics and queries, where a Canary names none (Flagger's metrics-server); undefined: the embedded mesh. */
  readonly metricsServer: string | undefined
  /** The Prometheus that scrapes the embedded mesh, for queries only; undefined while there is none. */
  readonly ownPrometheus: () => string | undefined
  /** References to MetricTemplates of other namespaces are refused. */
  readonly noCrossNamespaceRefs: boolean
}

/** The ports of the rollout loop. `log` takes one line for the operator. */
export interface RolloutPorts {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly hooks: HookCaller
  readonly metrics: MetricSource
  readonly queries: QuerySource
  readonly settings: RolloutSettings
  readonly events: EventSink
  readonly listeners: readonly RolloutListener[]
  /** Until when what is queued for alerts and event webhooks may be told; default: as long as the loop runs. */
  readonly telling?: AbortSignal | undefined
  /** Told of the Events of Canaries without event webhooks of their own. */
  readonly eventWebhook?: string | undefined
  /** False: ConfigMaps and Secrets that pods read start no run and are not copied (Flagger's enable-config-tracking). Default true. */
  readonly trackConfigs?: boolean | undefined
  /** Flagger's selector-labels and include-label-prefix. Default: Flagger's own. */
  readonly labels?: LabelRules | undefined
  /** Where the gate gets its counters from; undefined: it does not watch, and thresholds decide alone. */
  readonly counters?: CounterSource | undefined
  /**
   * How often a Release is told what its gate knows when nothing changes. Default 30 s. Changes of its mind, of weights, and evidence that
   * grows threefold come sooner, no two within 5 s however often is looked; what is acted on comes at once.
   */
  readonly evidenceEvery?: Millis | undefined
  /** Where the counters of streams come from that Canaries bring; undefined: nobody answers. */
  readonly series?: SeriesSource | undefined
  readonly log: (line: string) => void
}
