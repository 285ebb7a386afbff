// The rollout controller of an instance: what it asks, calls and tells through.

import { AlertPost } from '../control/alert-post.ts'
import { RolloutLoop } from '../control/rollout-loop.ts'
import type { EventSink } from '../control/rollout-ports.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import { RegistrySource } from '../metrics/registry-source.ts'
import { AlertSender } from '../remote/alert-sender.ts'
import { guardedFetch } from '../remote/guarded-fetch.ts'
import type { Detour } from '../remote/http-exchange.ts'
import { HttpHookCaller } from '../remote/http-hook-caller.ts'
import { MetricProviders } from '../remote/metric-providers.ts'
import { controllerRules } from './controller-settings.ts'
import { SHELL } from './listeners.ts'
import type { Mesh } from './mesh.ts'
import type { Plane } from './plane.ts'
import { HOST } from './ports.ts'
import type { Rig } from './rig.ts'

/** Starts it under the rig's supervision. */
export function startRollouts(
  rig: Rig,
  { client, mesh, history, rollouts: exported }: Pick<Plane, 'client' | 'mesh' | 'history' | 'rollouts'>,
  recorder: EventRecorder
): void {
  const { clock, draw, signal } = rig
  const { log, up, config } = rig.options
  const events: EventSink = {
    record: (about, type, message, stop) => recorder.record({ about, type, reason: 'Synced', message }, stop)
  }
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
  const rollouts = new RolloutLoop({
    client,
    clock,
    draw,
    log,
    metrics: new RegistrySource(history),
    queries: new MetricProviders({ fetch, route, clock, client, environment: process.env }),
    settings: {
      metricsServer: up.metricsServer,
      ownPrometheus: () => rig.prometheus,
      noCrossNamespaceRefs
    },
    hooks,
    events,
    listeners: [post, exported],
    eventWebhook: rules.eventWebhook,
    trackConfigs: rules.trackConfigs,
    labels: rules.labels
  })
  rig.supervise('the rollout controller', rollouts.run(signal))
}

/** Names of Services, in full or short, are reached through the mesh; other hosts are dialled. */
function detourOf(host: string, namespace: string, mesh: Mesh): Detour | undefined {
  const port = mesh.portOf(SHELL)
  if (port === undefined) return undefined
  const [name = '', of = namespace, ...rest] = host.split('.')
  if (rest.length > 0 && !['svc', 'svc.cluster.local'].includes(rest.join('.'))) return undefined
  const isKnown = mesh.objects().some(({ kind, metadata }) => kind === 'Service' && metadata.name === name && metadata.namespace === of)
  return isKnown ? { proxy: `http://${HOST}:${port}`, host: `${name}.${of}.svc.cluster.local`, isOwn: true } : undefined
}
