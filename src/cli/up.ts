// Puts an instance together and takes it apart. Order matters: the reaper before any child, the store before the API, the mesh before
// pods. What was started is stopped in reverse.

import { Processes } from '../host/processes.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import type { Registry } from '../metrics/registry.ts'
import type { WorkloadHistory } from '../metrics/workload-history.ts'
import { startApiServer } from '../server/api-server.ts'
import { kubeconfigText } from '../server/kubeconfig.ts'
import { adminServer } from './admin-server.ts'
import { announceApi } from './api-service.ts'
import { applyObject, readObjects } from './apply-files.ts'
import { envoyAnswer } from './envoy-admin.ts'
import { envoyView } from './envoy-view.ts'
import { type Ground, prepareGround } from './ground.ts'
import { KINDS } from './kinds.ts'
import { gatewayListener, SHELL } from './listeners.ts'
import { close, listen } from './listening.ts'
import { startLoops } from './loops.ts'
import { ManifestError } from './manifest-error.ts'
import { type Plane, startPlane } from './plane.ts'
import { HOST, type Ports } from './ports.ts'
import { prometheusUrl } from './prometheus.ts'
import { GRACE, type InstanceOptions, Rig } from './rig.ts'

/** Where an instance listens, as URLs; absent where it does not. */
export interface Addresses {
  readonly api: string
  readonly http: string | undefined
  readonly admin: string
  readonly mesh: string | undefined
  /** Answers PromQL about this instance. */
  readonly prometheus: string | undefined
}

/** A running instance. */
export interface Instance {
  readonly addresses: Addresses
  readonly client: KubeClient
  readonly registry: Registry
  /** What each workload was asked, sampled every second. */
  readonly history: WorkloadHistory
  /** Path of the kubeconfig. */
  readonly kubeconfig: string
  /** Brings the registry up to date. */
  readonly collect: () => Promise<void>
  /** Rejects when a part of the instance failed for good. */
  readonly failed: Promise<never>
  /** Drains requests and ends every child. */
  stop(): Promise<void>
}

/** Starts an instance. Rejects, with everything stopped again, when that is impossible or files hold what the API refuses. */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const rig = new Rig(options, await readObjects(options.up.files, KINDS, options.log))
  try {
    return await assemble(rig)
  } catch (error) {
    await rig.stop()
    throw error
  }
}

async function assemble(rig: Rig): Promise<Instance> {
  const ground = await prepareGround(rig)
  const plane = await startPlane(rig, ground)
  const { kubelet, endTelling } = await startLoops(rig, ground, plane)
  const url = await startApi(rig, ground, { ...plane, kubelet })
  const admin = await startAdmin(rig, ground.ports, plane)
  const { dir } = ground
  const { mesh, client, registry, history, collect } = plane
  const urlOf = (id: string): string | undefined => (mesh.portOf(id) === undefined ? undefined : `http://${HOST}:${mesh.portOf(id)}`)
  const prometheus = await startPrometheus(rig, ground, admin)
  rig.prometheus = prometheus
  const addresses: Addresses = { api: url, http: urlOf(gatewayListener(80)), admin, mesh: urlOf(SHELL), prometheus }
  dir.write('serin.json', `${JSON.stringify({ pid: process.pid, ...addresses })}\n`, 0o600)
  rig.undo(() => dir.remove('serin.json'))
  // While the mesh still leads to the receivers that run here.
  rig.undo(endTelling)
  await applyFiles(rig, plane)
  rig.ready = true
  return {
    addresses,
    client,
    registry,
    history,
    kubeconfig: dir.file('kubeconfig'),
    collect,
    failed: rig.failed,
    stop: () => rig.stop()
  }
}

async function startApi(
  rig: Rig,
  ground: Ground,
  { backend, mesh, kubelet, client }: Plane & { readonly kubelet: Kubelet }
): Promise<string> {
  const { clock, draw } = rig
  const { dir, ports } = ground
  const { server: identity, authority, token } = ground.identity
  const server = await startApiServer({ port: ports.api, identity, token, backend, pods: kubelet, clock, draw, log: rig.options.log })
  // First of all nothing new comes in; pods and their proxies are still there for what is under way.
  rig.undo(async () => void (await Promise.all([server.close(), mesh.closeEntrances(GRACE.entrances)])))
  dir.write('kubeconfig', kubeconfigText({ server: server.url, authority, token }), 0o600)
  await announceApi(client, { address: HOST, port: server.port }, { signal: rig.signal })
  return server.url
}

async function startAdmin(rig: Rig, ports: Ports, plane: Plane): Promise<string> {
  const { collect, mesh, workers } = plane
  const view = envoyView({ ...plane, clock: rig.clock, count: rig.options.up.workers })
  const server = adminServer({
    metrics: async () => {
      await collect()
      return view.exposition(plane.rollouts.metrics())
    },
    envoy: (path, query) => envoyAnswer(view, path, query),
    troubles: () => [...(rig.failure === undefined ? [] : [rig.failure]), ...workers.troubles(), ...mesh.troubles()],
    ready: () => rig.ready
  })
  const port = await listen(server, ports.admin)
  rig.undo(() => close(server))
  rig.admin = `http://${HOST}:${port}`
  return rig.admin
}

async function startPrometheus(rig: Rig, { dir, reaper }: Ground, admin: string): Promise<string | undefined> {
  const { clock, signal } = rig
  const { log, up } = rig.options
  const processes = new Processes({ run: dir.run, clock, register: reaper })
  rig.undo(() => processes.endAll(GRACE.prometheus))
  return prometheusUrl(up.prometheus, { processes, clock, directory: dir.file('prometheus'), admin, log, signal })
}

/** Applies what the files of -f hold. Throws a ManifestError with everything that was refused. */
async function applyFiles(rig: Rig, { clientAs, backend }: Plane): Promise<void> {
  const { log } = rig.options
  const client = clientAs('serin-up')
  const refused: string[] = []
  for (const object of rig.objects) {
    const { kind, line } = await applyObject(client, backend.kinds(), object, { signal: rig.signal })
    if (kind === 'refused') refused.push(line)
    else log(line)
  }
  if (refused.length > 0) throw new ManifestError(refused)
}
