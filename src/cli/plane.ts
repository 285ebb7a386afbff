// The store and the data plane that follows it: workers, the mesh that keeps them equal to the API, and the API as kubectl sees it.

import { ExportedMetrics } from '../control/exported-metrics.ts'
import { compileCache } from '../host/compile-cache.ts'
import { FileJournal } from '../host/file-journal.ts'
import { HostError } from '../host/host-error.ts'
import { lookUp } from '../host/look-up.ts'
import { usageOf } from '../host/process-table.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { LocalClient } from '../kube/local-client.ts'
import { Registry } from '../metrics/registry.ts'
import { RegistryCounters } from '../metrics/registry-counters.ts'
import { WorkloadHistory } from '../metrics/workload-history.ts'
import type { AccessLogSpec } from '../proxy/access-log.ts'
import { MeshStats } from '../proxy/mesh-stats.ts'
import { Workers } from '../proxy/workers.ts'
import type { ApiBackend } from '../server/api-backend.ts'
import { assert } from '../std/bug.ts'
import type { Millis } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import { AccessLogs, accessLogOf } from './access-logs.ts'
import { Findings } from './findings.ts'
import type { Ground } from './ground.ts'
import { KINDS, rulesFor } from './kinds.ts'
import { Mesh } from './mesh.ts'
import { obeyedBackend } from './obeyed-backend.ts'
import { meshPlan } from './ports.ts'
import { GRACE, type InstanceOptions, type Rig } from './rig.ts'
import { ownVersion } from './version.ts'
import { routesWarned } from './routes-warned.ts'
import { warnedBackend } from './warned-backend.ts'

/**
 * How long the answer to a change of Istio's rules waits for mesh workers that hang; it is given then in any case. As long as Kubernetes waits
 * for an admission webhook: workers on a busy machine have never needed it.
 */
const OBEYED_WITHIN: Millis = 10_000
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'istio-system']

/** What there is once the data plane follows the store. */
export interface Plane {
  /** As kubectl sees it, with Warnings. */
  readonly backend: ApiBackend
  readonly client: KubeClient
  /** One that writes under another name: its changes are not the controllers' own. */
  readonly clientAs: (manager: string) => KubeClient
  readonly registry: Registry
  readonly history: WorkloadHistory
  /** What the gate reads. */
  readonly counters: RegistryCounters
  /** What the workers count under Envoy's names. */
  readonly stats: MeshStats
  readonly mesh: Mesh
  readonly workers: Workers
  readonly collect: () => Promise<void>
  /** What the rollout controller exports. */
  readonly rollouts: ExportedMetrics
  readonly accessLogs: AccessLogs
}

/** The store and the data plane that follows it. */
export async function startPlane(rig: Rig, { dir, reaper, slot, ports }: Ground): Promise<Plane> {
  const { clock, draw, signal } = rig
  const { log, up } = rig.options
  const rules = rulesFor(slot.servicePrefix)
  const api = await openStore(dir.file('store'), (journal) => EmbeddedApi.open({ kinds: KINDS, rules, journal, clock, draw }))
  rig.undo(() => api.close())
  rig.supervise('the store', api.failed)
  const [registry, history, counters, stats] = [new Registry(), new WorkloadHistory(), new RegistryCounters(), new MeshStats()]
  const accessLogs: AccessLogs = new AccessLogs({ clock, path: dir.file('access.log'), pods: () => podsOf(mesh) })
  const workers = new Workers({
    count: up.workers,
    clock,
    registry,
    stats,
    // With the cache a worker takes orders after 100 ms of processor time, without after 380 (medians of 20 starts).
    env: { SERIN_RUN: dir.run, ...compileCache() },
    register: reaper,
    usage: usageOf,
    onTrouble: log,
    accessLog: accessLogSpec(rig.options),
    shadowHosts: rig.options.config.shadowHostSuffix ?? false,
    limits: rig.options.config.limits ?? {},
    ...(rig.options.config.readMode === undefined ? {} : { readMode: rig.options.config.readMode }),
    onLines: (lines) => accessLogs.take(lines)
  })
  await workers.start()
  rig.undo(() => workers.stop(GRACE.workers))
  const client = new LocalClient(api)
  const mesh: Mesh = new Mesh({
    client,
    clock,
    draw,
    workers,
    log,
    lookUp,
    plan: meshPlan(ports),
    changed: (event) => findings.hear(event)
  })
  const recorder = new EventRecorder({ client, clock, draw, component: 'serin', time: formatInstant })
  const findings: Findings = new Findings({ client, clock, draw, recorder, log })
  await ensureNamespaces(client, signal)
  await new Promise<void>((resolve, reject) => {
    const running = mesh.run(signal, resolve)
    running.catch(reject)
    rig.supervise('the mesh', running)
  })
  rig.supervise('the linter', findings.run(signal))
  const collect = async (): Promise<void> => {
    await workers.collect()
    const [now, cells] = [clock.now(), registry.cells()]
    history.add(now, cells)
    counters.collected(now, cells)
  }
  const rollouts = new ExportedMetrics(ownVersion())
  const backend = backendOf(api, mesh, findings)
  const clientAs = (fieldManager: string): KubeClient => new LocalClient(api, { fieldValidation: 'Strict', fieldManager })
  return { backend, client, clientAs, registry, history, counters, stats, mesh, workers, collect, rollouts, accessLogs }
}

// Answers come when the mesh obeys, with what there is to be warned of.
function backendOf(api: EmbeddedApi, mesh: Mesh, findings: Findings): ApiBackend {
  const obeyed = obeyedBackend(api, (object) => mesh.obeys(object, OBEYED_WITHIN))
  return warnedBackend(routesWarned(obeyed), findings)
}

async function openStore(folder: string, open: (journal: FileJournal) => Promise<EmbeddedApi>): Promise<EmbeddedApi> {
  try {
    return await open(new FileJournal(folder))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new HostError('storage', `cannot go on from ${folder}: ${why}; moved away, serin begins anew`, error)
  }
}

function podsOf(mesh: Mesh): ReadonlySet<string> {
  return new Set(mesh.objects().flatMap(({ kind, metadata }) => (kind === 'Pod' ? [`${metadata.namespace}/${metadata.name}`] : [])))
}

function accessLogSpec({ up, config }: InstanceOptions): AccessLogSpec {
  const spec = accessLogOf(up.accessLog, config)
  assert(!('problem' in spec), 'the settings of the access log were checked')
  return spec
}

async function ensureNamespaces(client: KubeClient, signal: AbortSignal): Promise<void> {
  const resource = { group: '', version: 'v1', resource: 'namespaces' }
  for (const name of SYSTEM_NAMESPACES) {
    if ((await client.get({ ...resource, name }, { signal })) !== undefined) continue
    await client.create(resource, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal })
  }
}
