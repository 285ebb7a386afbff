// The kubelet with what this program gives to pods: commands for images, a minimal environment, and a way into the mesh.

import { fileURLToPath } from 'node:url'
import { dirname } from 'node:path'
import type { Processes } from '../host/processes.ts'
import type { Slot } from '../host/slots.ts'
import type { EventRecorder } from '../kube/event-recorder.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { Kubelet } from '../kubelet/kubelet.ts'
import type { Sidecar } from '../kubelet/kubelet-options.ts'
import type { Clock } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { commandFor, type ImageMap } from '../workload/image-map.ts'
import type { Node } from '../workload/node-fit.ts'
import type { AccessLogs } from './access-logs.ts'
import type { Config } from './config.ts'
import { OUTBOUND_PORT } from './listeners.ts'
import type { Mesh } from './mesh.ts'
import { ProxyContainer } from './proxy-container.ts'
import { writeShim } from './shims.ts'

/** What the kubelet is put together from. */
export interface PodOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly processes: Processes
  readonly slot: Slot
  readonly mesh: Mesh
  readonly recorder: EventRecorder
  /** Says that a pod was given to the one node there is. */
  readonly scheduler: EventRecorder
  readonly config: Config
  readonly directory: string
  /** For programs that containers may call by name. */
  readonly programsDirectory: string
  /** For programs of istio-proxy. */
  readonly sidecarDirectory: string
  /** The admin port's URL, once there is one. */
  readonly admin: () => string | undefined
  /** The access log of each pod. */
  readonly accessLogs: AccessLogs
  readonly signal: AbortSignal
}

const isBuilt = import.meta.url.endsWith('.js')
const fileOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const APPS = isBuilt
  ? [process.execPath, fileOf('apps/main.js')]
  : [process.execPath, '-r', fileOf('apps/compile-cache.cjs'), fileOf('apps/main.ts')]

/** Images that come with Serin; the demo application's version is its image's tag. */
const BUILT_IN: ImageMap['builtIn'] = {
  'serin/demo': [...APPS, 'demo', '$(SERIN_IMAGE_TAG)'],
  'serin/loadtester': [...APPS, 'loadtester'],
  'ghcr.io/fluxcd/flagger-loadtester': [...APPS, 'loadtester'],
  'serin/sleep': [...APPS, 'sleep'],
  'fortio/fortio': [...APPS, 'fortio'],
  'istio/tcp-echo-server': [...APPS, 'tcp-echo'],
  'registry.istio.io/release/tcp-echo-server': [...APPS, 'tcp-echo']
}

/** The one node, with the labels that a kubelet gives every node. */
export const NODE: Node = {
  name: 'serin',
  labels: {
    'kubernetes.io/hostname': 'serin',
    'kubernetes.io/os': process.platform,
    'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch
  }
}

/** A kubelet, not yet started. */
export function kubeletOf(options: PodOptions): Kubelet {
  const { client, clock, draw, processes, slot, mesh, recorder, scheduler, config, directory, signal, admin } = options
  const workDir = process.cwd()
  writeShim(options.programsDirectory, 'fortio', [...APPS, 'fortio'])
  // The machine's own programs come before ours of the same name.
  const path = [dirname(process.execPath), process.env['PATH'] ?? '', options.programsDirectory].join(':')
  const baseEnv = { PATH: path, LANG: 'C.UTF-8' }
  return new Kubelet({
    client,
    clock,
    draw,
    processes,
    nodeName: NODE.name,
    podPrefix: slot.podPrefix,
    directory,
    workDir,
    baseEnv,
    sidecar: sidecarOf(options, new ProxyContainer({ processes, clock, directory: options.sidecarDirectory, baseEnv, workDir, admin })),
    imageCommand: (image) => commandFor(image, { patterns: config.images, builtIn: BUILT_IN }),
    proxyEnv: (_pod, podIP) => {
      const proxy = `http://${podIP}:${OUTBOUND_PORT}`
      return {
        http_proxy: proxy,
        HTTP_PROXY: proxy,
        no_proxy: 'localhost,127.0.0.1',
        NO_PROXY: 'localhost,127.0.0.1',
        NODE_USE_ENV_PROXY: '1'
      }
    },
    drained: (pod, stop) => mesh.drained(pod, stop),
    event: (pod, type, reason, message) =>
      void (reason === 'Scheduled' ? scheduler : recorder).record({ about: pod, type, reason, message }, signal).catch(() => undefined)
  })
}

/** The virtual container `istio-proxy`. */
function sidecarOf({ accessLogs }: PodOptions, programs: ProxyContainer): Sidecar {
  return {
    log: (pod, request) => accessLogs.log(pod, request),
    exec: (pod, command, streams) => programs.exec(pod, command, streams)
  }
}
