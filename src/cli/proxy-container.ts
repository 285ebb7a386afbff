// What `kubectl exec -c istio-proxy` runs: programs of this machine beside pilot-agent, with the admin port where they look for it. There is
// no such container: the mesh's workers are the proxy of every pod, and what they counted is of all pods together.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecExit, ExecStreams, PodName } from '../kube/pod-access.ts'
import { execIn, type ExecTools } from '../kubelet/pod-exec.ts'
import { writeShim } from './shims.ts'

/** What it is made of. */
export interface SidecarOptions extends ExecTools {
  /** A folder of its own. */
  readonly directory: string
  /** Of every container. */
  readonly baseEnv: Readonly<Record<string, string>>
  /** Where programs start. */
  readonly workDir: string
  /** The admin port's URL, once there is one. */
  readonly admin: () => string | undefined
}

/** Ports on which a sidecar answers about itself: admin, merged metrics, Envoy's metrics. */
const OWN_PORTS = [15_000, 15_020, 15_090]
const AGENT = fileURLToPath(new URL(import.meta.url.endsWith('.js') ? '../apps/pilot-agent.js' : '../apps/pilot-agent.ts', import.meta.url))

/** Runs commands as in a pod's istio-proxy. Owns its folder. */
export class ProxyContainer {
  readonly #options: SidecarOptions

  constructor(options: SidecarOptions) {
    this.#options = options
  }

  exec(pod: PodName, command: readonly string[], streams: ExecStreams): Promise<ExecExit> {
    const { baseEnv, workDir, directory } = this.#options
    const admin = this.#options.admin()
    if (admin === undefined) return Promise.resolve({ kind: 'failed', message: 'the proxy is starting' })
    writePrograms(directory, admin)
    const env = {
      ...baseEnv,
      PATH: `${directory}:${baseEnv['PATH'] ?? ''}`,
      // Where curl looks for its settings.
      CURL_HOME: directory,
      SERIN_ADMIN: admin,
      POD_NAME: pod.name,
      POD_NAMESPACE: pod.namespace,
      HOSTNAME: pod.name
    }
    return execIn({ env, cwd: workDir }, command, streams, this.#options)
  }
}

function writePrograms(directory: string, admin: string): void {
  writeShim(directory, 'pilot-agent', [process.execPath, AGENT])
  const { host } = new URL(admin)
  const detours = OWN_PORTS.flatMap((port) => ['localhost', '127.0.0.1'].map((name) => `connect-to = "${name}:${port}:${host}"\n`))
  writeFileSync(join(directory, '.curlrc'), detours.join(''))
}
