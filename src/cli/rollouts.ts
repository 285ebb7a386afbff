// The rollout controller of an instance: what it asks, calls and tells through.

import { AlertPost } from '../control/alert-post.ts'
import type { CounterSource } from '../control/counter-source.ts'
import { EventPost } from '../control/event-post.ts'
import { RolloutLoop } from '../control/rollout-loop.ts'
import type { RolloutPorts } from '../control/rollout-ports.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import { RegistrySource } from '../metrics/registry-source.ts'
import { AlertSender } from '../remote/alert-sender.ts'
import { guardedFetch } from '../remote/guarded-fetch.ts'
import { HttpHookCaller } from '../remote/http-hook-caller.ts'
import { MetricProviders } from '../remote/metric-providers.ts'
import { PrometheusSeries } from '../remote/prometheus-series.ts'
import type { ProviderWorld } from '../remote/provider-call.ts'
import { controllerRules } from './controller-settings.ts'
import { detourOf } from './detour.ts'
import { gateCounters } from './gate-counters.ts'
import type { UpOptions } from './options.ts'
import type { Plane } from './plane.ts'
import { GRACE, type Rig } from './rig.ts'

/** Starts it under the rig's supervision. What it returns ends the telling of Events, alerts and event webhooks: at once where nothing is queued. */
export function startRollouts(
  rig: Rig,
  { client, mesh, history, counters, rollouts: exported }: Pick<Plane, 'client' | 'mesh' | 'history' | 'counters' | 'rollouts'>,
  recorder: EventRecorder
): () => Promise<void> {
  const { clock, draw, signal } = rig
  const { log, up, config } = rig.options
  const events = new EventPost({
    clock,
    log,
    // The reason of all Events of a Canary, as with Flagger.
    write: async (happened, stop) => {
      const refused = await recorder.record({ ...happened, reason: 'Synced' }, stop)
      return refused && { because: refused.message, mayPass: refused.status >= 500 || refused.status === 429 || refused.status === 408 }
    }
  })
  rig.supervise('Events', events.failed)
  const rules = controllerRules(config.controller ?? {}, process.env)
  const noCrossNamespaceRefs = up.noCrossNamespaceRefs || rules.alerts.noCrossNamespaceRefs
  const [fetch, route] = [guardedFetch(rules.outbound), (host: string, namespace: string) => detourOf(host, namespace, mesh)]
  const post = new AlertPost({
    client,
    clock,
    sender: new AlertSender(fetch, route),
    events,
    settings: { ...rules.alerts, noCrossNamespaceRefs },
    log
  })
  rig.supervise('alerts', post.failed)
  const hooks = new HttpHookCaller(fetch, route)
  const telling = new AbortController()
  const rollouts = new RolloutLoop({
    client,
    clock,
    draw,
    log,
    metrics: new RegistrySource(history),
    ...metricPorts(up, counters, { fetch, route, clock, client, environment: process.env }),
    settings: {
      metricsServer: up.metricsServer,
      ownPrometheus: () => rig.prometheus,
      noCrossNamespaceRefs
    },
    hooks,
    events,
    listeners: [post, exported],
    telling: telling.signal,
    eventWebhook: rules.eventWebhook,
    trackConfigs: rules.trackConfigs,
    labels: rules.labels
  })
  rig.supervise('the rollout controller', rollouts.run(signal))
  return async () => {
    const cancel = clock.after(GRACE.telling, () => telling.abort(new Error('stopping')))
    await Promise.all([post.idle(), rollouts.told()])
    // Last: an alert that nobody takes is an Event.
    await events.idle()
    cancel()
    telling.abort(new Error('stopping'))
  }
}

// What is measured elsewhere: numbers for checks and counters of streams, by MetricTemplates, and what the gate reads.
function metricPorts(
  up: UpOptions,
  mesh: CounterSource,
  world: ProviderWorld
): Pick<RolloutPorts, 'queries' | 'series' | 'counters' | 'evidenceEvery'> {
  const counters = gateCounters(up, mesh, world)
  // The API is this process: who looks sees the evidence as it is.
  return { queries: new MetricProviders(world), series: new PrometheusSeries(world), counters, evidenceEvery: counters.interval }
}
