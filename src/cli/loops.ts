// What acts on the API's objects while an instance runs: the kubelet and the controllers of workloads, rollouts, Events and metrics.

import { RolloutLoop } from '../control/rollout-loop.ts'
import { WorkloadLoop } from '../control/workload-loop.ts'
import { Processes } from '../host/processes.ts'
import { expireEvents } from '../kube/event-expiry.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import { RegistrySource } from '../metrics/registry-source.ts'
import { guardedFetch } from '../remote/guarded-fetch.ts'
import type { Detour } from '../remote/http-exchange.ts'
import { HttpHookCaller } from '../remote/http-hook-caller.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import type { Ground } from './ground.ts'
import { SHELL } from './listeners.ts'
import type { Mesh } from './mesh.ts'
import type { Plane } from './plane.ts'
import { kubeletOf, NODE } from './pods.ts'
import { HOST } from './ports.ts'
import { GRACE, type Rig } from './rig.ts'

const SAMPLE_PERIOD: Millis = 1000

/** The controllers and the kubelet. */
export async function startLoops(
  rig: Rig,
  { dir, reaper, slot, identity }: Ground,
  { client, mesh, history, collect, accessLogs }: Plane
): Promise<Kubelet> {
  const { clock, draw, signal } = rig
  const { config, log } = rig.options
  const recorder = (component: string): EventRecorder => new EventRecorder({ client, clock, draw, component, time: formatInstant })
  const processes = new Processes({ run: dir.run, clock, register: reaper })
  const kubelet = kubeletOf({
    client,
    clock,
    draw,
    processes,
    slot,
    mesh,
    recorder: recorder('kubelet'),
    scheduler: recorder('default-scheduler'),
    config,
    directory: dir.file('pods'),
    programsDirectory: dir.file('programs'),
    sidecarDirectory: dir.file('istio-proxy'),
    admin: () => rig.admin,
    accessLogs,
    signal
  })
  await kubelet.start()
  rig.supervise('the kubelet', kubelet.following)
  rig.undo(() => kubelet.stop(GRACE.pods))
  const controllers = new Map([
    ['ReplicaSet', recorder('replicaset-controller')],
    ['DaemonSet', recorder('daemonset-controller')],
    ['HorizontalPodAutoscaler', recorder('horizontal-pod-autoscaler')]
  ])
  const deployments = recorder('deployment-controller')
  const workloads = new WorkloadLoop({
    client,
    clock,
    draw,
    log,
    authority: identity.authority,
    node: NODE,
    event: (event, stop) => (controllers.get(event.about.kind) ?? deployments).record(event, stop)
  })
  rig.supervise('the workload controller', workloads.run(signal))
  rig.supervise('the end of Events', expireEvents({ client, clock, log }, signal))
  rig.supervise('metrics', sample(collect, clock, signal))
  const flagger = recorder('flagger')
  const rollouts = new RolloutLoop({
    client,
    clock,
    draw,
    log,
    metrics: new RegistrySource(history),
    hooks: new HttpHookCaller(guardedFetch(), (host, namespace) => detourOf(host, namespace, mesh)),
    events: { record: (about, type, message, stop) => flagger.record({ about, type, reason: 'Synced', message }, stop) }
  })
  rig.supervise('the rollout controller', rollouts.run(signal))
  return kubelet
}

async function sample(collect: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<never> {
  for (;;) {
    await collect()
    await wait(clock, SAMPLE_PERIOD, signal)
  }
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
