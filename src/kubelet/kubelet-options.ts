// What the kubelet needs from the rest of the program: the API, time, processes, and a few questions only the composition root answers.

import type { Clock, Millis } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import type { ExecExit, ExecStreams, LogRequest, PodName } from '../kube/pod-access.ts'
import type { ImageCommand } from '../workload/image-map.ts'
import type { Pod } from '../api/builtin-types-pod.ts'

/** What to start; host/processes.ts serves this port. */
export interface ProcessSpec {
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly role: 'pod'
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
  /** Reading stops while too much waits to be taken. */
  readonly onBytes?: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => Promise<void>
  readonly logFile?: string
  readonly stdin?: boolean
  /** A variable of `env`: with the program every process ends that has it with the same value. */
  readonly whole?: string
}

/** A process group that was started. `exited` never rejects and settles when nothing of the group is left. */
export interface Running {
  readonly pid: number
  readonly exited: Promise<{ readonly code: number; readonly signal: string | undefined }>
  end(grace: Millis): Promise<{ readonly code: number; readonly signal: string | undefined }>
  write(bytes: Uint8Array): Promise<void>
  closeStdin(): void
}

/** Starts processes; rejects when a program cannot be started. */
export interface ProcessPort {
  spawn(spec: ProcessSpec): Promise<Running>
}

/** The virtual container `istio-proxy`: the mesh answers for it. */
export interface Sidecar {
  log(pod: PodName, options: LogRequest): AsyncIterable<Uint8Array>
  exec(pod: PodName, command: readonly string[], streams: ExecStreams): Promise<ExecExit>
}

/** Everything handed to the kubelet. */
export interface KubeletOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly draw: Draw
  readonly processes: ProcessPort
  readonly nodeName: string
  /** The slot's first two address parts, e.g. `127.10`. */
  readonly podPrefix: string
  /** For volumes and log files; the kubelet's own. */
  readonly directory: string
  /** Where programs start whose container names no workingDir. */
  readonly workDir: string
  /** The minimal environment of every container: PATH and what the machine needs, nothing of the user's. */
  readonly baseEnv: Readonly<Record<string, string>>
  /** The command of an image; asked at every start, so a changed map takes effect. Words may use $(VAR), SERIN_IMAGE_TAG included. */
  imageCommand(image: string): ImageCommand | undefined
  /** Proxy variables that bring the pod's outbound traffic into the mesh. */
  proxyEnv(pod: Pod, podIP: string): Readonly<Record<string, string>>
  /** Resolves when the data plane no longer sends the pod new requests; waited for at most `DRAIN_WAIT`. */
  drained(pod: Pod, signal: AbortSignal): Promise<void>
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void
  readonly sidecar?: Partial<Sidecar>
}
