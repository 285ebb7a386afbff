// What acts on the API's objects while an instance runs: the kubelet and the controllers of workloads, rollouts, Events and metrics.

import { WorkloadLoop } from '../control/workload-loop.ts'
import { Processes } from '../host/processes.ts'
import { expireEvents } from '../kube/event-expiry.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import { COLLECTED_EVERY } from '../metrics/registry-counters.ts'
import { type Clock, wait } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import type { Ground } from './ground.ts'
import type { Plane } from './plane.ts'
import { kubeletOf, NODE } from './pods.ts'
import { GRACE, type Rig } from './rig.ts'
import { startRollouts } from './rollouts.ts'

/** What runs, as far as others need it. */
export interface Loops {
  readonly kubelet: Kubelet
  /** Lets alerts and event webhooks go out that are queued, within their bound. */
  readonly endTelling: () => Promise<void>
}

/** The controllers and the kubelet. */
export async function startLoops(
  rig: Rig,
  { dir, reaper, slot, identity }: Ground,
  { client, mesh, history, counters, collect, rollouts, accessLogs }: Plane
): Promise<Loops> {
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
    event: async (event, stop) => void (await (controllers.get(event.about.kind) ?? deployments).record(event, stop))
  })
  rig.supervise('the workload controller', workloads.run(signal))
  rig.supervise('the end of Events', expireEvents({ client, clock, log }, signal))
  rig.supervise('metrics', sample(collect, clock, signal))
  return { kubelet, endTelling: startRollouts(rig, { client, mesh, history, counters, rollouts }, recorder('flagger')) }
}

async function sample(collect: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<never> {
  for (;;) {
    await collect()
    await wait(clock, COLLECTED_EVERY, signal)
  }
}
