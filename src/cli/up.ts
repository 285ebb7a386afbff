// Puts an instance together and takes it apart: the only place that knows every part. Order matters: the reaper before any child, the
// store before the API, the mesh before pods. What was started is stopped in reverse.

import { RolloutLoop } from '../control/rollout-loop.ts'
import { WorkloadLoop } from '../control/workload-loop.ts'
import { type DataDir, openDataDir } from '../host/data-dir.ts'
import { FileJournal } from '../host/file-journal.ts'
import { HostError } from '../host/host-error.ts'
import { lookUp } from '../host/look-up.ts'
import { Processes } from '../host/processes.ts'
import { endLeftovers, type Reaper, startReaper } from '../host/reaper.ts'
import { SLOT_FILE, defaultRegister } from '../host/slot-register.ts'
import { type Slot, takeSlot } from '../host/slots.ts'
import { systemClock, systemDraw } from '../host/system-clock.ts'
import { EmbeddedApi } from '../kube/embedded-api.ts'
import { expireEvents } from '../kube/event-expiry.ts'
import { EventRecorder } from '../kube/event-recorder.ts'
import type { KubeClient } from '../kube/kube-client.ts'
import { LocalClient } from '../kube/local-client.ts'
import type { Kubelet } from '../kubelet/kubelet.ts'
import { Registry } from '../metrics/registry.ts'
import { RegistrySource } from '../metrics/registry-source.ts'
import { WorkloadHistory } from '../metrics/workload-history.ts'
import { MeshStats } from '../proxy/mesh-stats.ts'
import type { AccessLogSpec } from '../proxy/access-log.ts'
import type { PlacedObject } from '../lint/manifests.ts'
import { Workers } from '../proxy/workers.ts'
import { HttpHookCaller } from '../remote/http-hook-caller.ts'
import type { ApiBackend } from '../server/api-backend.ts'
import { startApiServer } from '../server/api-server.ts'
import { kubeconfigText } from '../server/kubeconfig.ts'
import { assert } from '../std/bug.ts'
import { type Clock, type Millis, wait } from '../std/clock.ts'
import type { Draw } from '../std/draw.ts'
import { formatInstant } from '../std/instant.ts'
import { adminServer } from './admin-server.ts'
import { envoyAnswer } from './envoy-admin.ts'
import { envoyView } from './envoy-view.ts'
import { announceApi } from './api-service.ts'
import { applyObject, ManifestError, readObjects } from './apply-files.ts'
import { AccessLogs, accessLogOf } from './access-logs.ts'
import type { Config } from './config.ts'
import { type ApiIdentity, apiIdentity } from './identity.ts'
import { Findings } from './findings.ts'
import { KINDS, rulesFor } from './kinds.ts'
import { gatewayListener, SHELL } from './listeners.ts'
import { close, listen } from './listening.ts'
import { Mesh } from './mesh.ts'
import type { UpOptions } from './options.ts'
import { kubeletOf } from './pods.ts'
import { obeyedBackend } from './obeyed-backend.ts'
import { warnedBackend } from './warned-backend.ts'
import { choosePorts, HOST, meshPlan, type Ports } from './ports.ts'
import { prometheusUrl } from './prometheus.ts'

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

/** How to start one. `log` gets one line for each thing worth knowing. */
export interface InstanceOptions {
  readonly up: UpOptions
  readonly config: Config
  readonly log: (line: string) => void
}

const SAMPLE_PERIOD: Millis = 1000
// A stop takes their sum at most, and must end within 10 s.
const DRAIN: Millis = 3000
const POD_GRACE: Millis = 3000
const LAST_DRAIN: Millis = 500
const PROMETHEUS_GRACE: Millis = 1000
/** How long the answer to a change of Istio's rules waits for the mesh workers; it is given then in any case. */
const OBEYED_WITHIN: Millis = 1000
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'istio-system']

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

/** What is being put together: the ports of the machine, what to undo, and who watches over running parts. */
class Rig {
  readonly options: InstanceOptions
  /** What to apply before it is ready. */
  readonly objects: readonly PlacedObject[]
  /** What asked for is in force. */
  ready = false
  /** The admin port's URL, once it listens. */
  admin: string | undefined
  /** The part that failed for good. */
  failure: string | undefined
  readonly clock: Clock = systemClock()
  readonly draw: Draw = systemDraw()
  readonly #undo: (() => Promise<void> | void)[] = []
  readonly #stopping = new AbortController()
  readonly #broken = Promise.withResolvers<never>()

  constructor(options: InstanceOptions, objects: readonly PlacedObject[]) {
    this.options = options
    this.objects = objects
    // Nobody may be waiting yet when a part fails.
    this.#broken.promise.catch(() => undefined)
  }

  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  get failed(): Promise<never> {
    return this.#broken.promise
  }

  undo(step: () => Promise<void> | void): void {
    this.#undo.push(step)
  }

  supervise(name: string, run: Promise<unknown>): void {
    run.catch((error: unknown) => {
      if (this.signal.aborted) return
      this.failure ??= `${name} failed: ${error instanceof Error ? error.message : String(error)}`
      this.#broken.reject(new Error(this.failure, { cause: error }))
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    for (let step = this.#undo.pop(); step !== undefined; step = this.#undo.pop()) await step()
  }
}

async function assemble(rig: Rig): Promise<Instance> {
  const ground = await prepareGround(rig)
  const plane = await startPlane(rig, ground)
  const kubelet = await startLoops(rig, ground, plane)
  const url = await startApi(rig, ground, { ...plane, kubelet })
  const admin = await startAdmin(rig, ground.ports, plane)
  const { dir } = ground
  const { mesh, client, registry, history, collect } = plane
  const urlOf = (id: string): string | undefined => (mesh.portOf(id) === undefined ? undefined : `http://${HOST}:${mesh.portOf(id)}`)
  const prometheus = await startPrometheus(rig, ground, admin)
  const addresses: Addresses = { api: url, http: urlOf(gatewayListener(80)), admin, mesh: urlOf(SHELL), prometheus }
  dir.write('serin.json', `${JSON.stringify({ pid: process.pid, ...addresses })}\n`, 0o600)
  rig.undo(() => dir.remove('serin.json'))
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

interface Ground {
  readonly dir: DataDir
  readonly reaper: Reaper
  readonly slot: Slot
  readonly ports: Ports
  readonly identity: ApiIdentity
}

async function prepareGround(rig: Rig): Promise<Ground> {
  const { up, log } = rig.options
  if (up.httpsPort !== undefined) log('--https-port has no effect yet: TLS is not served at gateways')
  const dir = openDataDir(up.dataDir)
  rig.undo(() => dir.close())
  if (dir.previousRun !== undefined) {
    const ended = await endLeftovers(dir.previousRun, rig.clock, rig.signal)
    if (ended > 0) log(`ended ${ended} processes that an earlier run left behind`)
  }
  // What a killed run said of itself holds no longer.
  dir.remove('serin.json')
  dir.begin()
  const reaper = await startReaper(dir.run, { clock: rig.clock, onTrouble: log })
  rig.undo(() => reaper.finish())
  const kept = Number(dir.read(SLOT_FILE) ?? 'NaN')
  const preferred = Number.isInteger(kept) ? kept : undefined
  const slot = await takeSlot({ preferred, kept: { owner: dir.path, register: defaultRegister() } })
  dir.write(SLOT_FILE, `${slot.number}\n`)
  rig.undo(() => slot.release())
  return { dir, reaper, slot, ports: await choosePorts(up), identity: apiIdentity(dir, rig.clock.now()) }
}

interface Plane {
  /** As kubectl sees it, with Warnings. */
  readonly backend: ApiBackend
  readonly client: KubeClient
  readonly registry: Registry
  readonly history: WorkloadHistory
  /** What the workers count under Envoy's names. */
  readonly stats: MeshStats
  readonly mesh: Mesh
  readonly workers: Workers
  readonly collect: () => Promise<void>
  readonly accessLogs: AccessLogs
}

/** The store and the data plane that follows it. */
async function startPlane(rig: Rig, { dir, reaper, slot, ports }: Ground): Promise<Plane> {
  const { clock, draw, signal } = rig
  const { log, up } = rig.options
  const rules = rulesFor(slot.servicePrefix)
  const api = await openStore(dir.file('store'), (journal) => EmbeddedApi.open({ kinds: KINDS, rules, journal, clock, draw }))
  rig.undo(() => api.close())
  rig.supervise('the store', api.failed)
  const [registry, history, stats] = [new Registry(), new WorkloadHistory(), new MeshStats()]
  const accessLogs: AccessLogs = new AccessLogs({ clock, path: dir.file('access.log'), pods: () => podsOf(mesh) })
  const workers = new Workers({
    count: up.workers,
    clock,
    registry,
    stats,
    // Set by bin/serin in a checkout: workers start in half the time.
    env: {
      SERIN_RUN: dir.run,
      ...(process.env['NODE_COMPILE_CACHE'] === undefined ? {} : { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] })
    },
    register: reaper,
    onTrouble: log,
    accessLog: accessLogSpec(rig.options),
    shadowHosts: rig.options.config.shadowHostSuffix ?? false,
    onLines: (lines) => accessLogs.take(lines)
  })
  await workers.start()
  rig.undo(() => workers.stop(LAST_DRAIN))
  const client = new LocalClient(api)
  const mesh: Mesh = new Mesh({ client, clock, draw, workers, log, lookUp, plan: meshPlan(ports), changed: () => findings.changed() })
  const recorder = new EventRecorder({ client, clock, draw, component: 'serin', time: formatInstant })
  const findings: Findings = new Findings({ client, clock, draw, recorder, objects: () => mesh.objects(), log })
  await ensureNamespaces(client, signal)
  await new Promise<void>((resolve, reject) => {
    const running = mesh.run(signal, resolve)
    running.catch(reject)
    rig.supervise('the mesh', running)
  })
  rig.supervise('the linter', findings.run(signal))
  const collect = async (): Promise<void> => {
    await workers.collect()
    history.add(clock.now(), registry.cells())
  }
  const obeyed = obeyedBackend(api, (object) => mesh.obeys(object, OBEYED_WITHIN))
  return { backend: warnedBackend(obeyed, findings), client, registry, history, stats, mesh, workers, collect, accessLogs }
}

function podsOf(mesh: Mesh): ReadonlySet<string> {
  return new Set(mesh.objects().flatMap(({ kind, metadata }) => (kind === 'Pod' ? [`${metadata.namespace}/${metadata.name}`] : [])))
}

function accessLogSpec({ up, config }: InstanceOptions): AccessLogSpec {
  const spec = accessLogOf(up.accessLog, config)
  assert(!('problem' in spec), 'the settings of the access log were checked')
  return spec
}

async function openStore(folder: string, open: (journal: FileJournal) => Promise<EmbeddedApi>): Promise<EmbeddedApi> {
  try {
    return await open(new FileJournal(folder))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new HostError('storage', `cannot go on from ${folder}: ${why}; moved away, serin begins anew`, error)
  }
}

/** The controllers and the kubelet. */
async function startLoops(
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
  rig.undo(() => kubelet.stop(POD_GRACE))
  const [deployments, replicaSets] = [recorder('deployment-controller'), recorder('replicaset-controller')]
  const workloads = new WorkloadLoop({
    client,
    clock,
    draw,
    log,
    authority: identity.authority,
    event: (event, stop) => (event.about.kind === 'ReplicaSet' ? replicaSets : deployments).record(event, stop)
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
    hooks: new HttpHookCaller((host, namespace) => detourOf(host, namespace, mesh)),
    events: { record: (about, type, message, stop) => flagger.record({ about, type, reason: 'Synced', message }, stop) }
  })
  rig.supervise('the rollout controller', rollouts.run(signal))
  return kubelet
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
  rig.undo(async () => void (await Promise.all([server.close(), mesh.closeEntrances(DRAIN)])))
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
      return view.exposition([])
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
  rig.undo(() => processes.endAll(PROMETHEUS_GRACE))
  return prometheusUrl(up.prometheus, { processes, clock, directory: dir.file('prometheus'), admin, log, signal })
}

async function sample(collect: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<never> {
  for (;;) {
    await collect()
    await wait(clock, SAMPLE_PERIOD, signal)
  }
}

/** Names of Services, in full or short, are reached through the mesh; other hosts are dialled. */
function detourOf(host: string, namespace: string, mesh: Mesh): { readonly proxy: string; readonly host: string } | undefined {
  const port = mesh.portOf(SHELL)
  if (port === undefined) return undefined
  const [name = '', of = namespace, ...rest] = host.split('.')
  if (rest.length > 0 && !['svc', 'svc.cluster.local'].includes(rest.join('.'))) return undefined
  const isKnown = mesh.objects().some(({ kind, metadata }) => kind === 'Service' && metadata.name === name && metadata.namespace === of)
  return isKnown ? { proxy: `http://${HOST}:${port}`, host: `${name}.${of}.svc.cluster.local` } : undefined
}

async function ensureNamespaces(client: KubeClient, signal: AbortSignal): Promise<void> {
  const resource = { group: '', version: 'v1', resource: 'namespaces' }
  for (const name of SYSTEM_NAMESPACES) {
    if ((await client.get({ ...resource, name }, { signal })) !== undefined) continue
    await client.create(resource, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal })
  }
}

/** Applies what the files of -f hold. Throws a ManifestError with everything that was refused. */
async function applyFiles(rig: Rig, { client, backend }: Plane): Promise<void> {
  const { log } = rig.options
  const refused: string[] = []
  for (const object of rig.objects) {
    const { kind, line } = await applyObject(client, backend.kinds(), object, { signal: rig.signal })
    if (kind === 'refused') refused.push(line)
    else log(line)
  }
  if (refused.length > 0) throw new ManifestError(refused)
}
