import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PodObjects } from '../../test/pod-objects.ts'
import { groupLives, pidsOfRun } from '../host/process-table.ts'
import { Processes } from '../host/processes.ts'
import { takeSlot, type Slot } from '../host/slots.ts'
import { newUid, systemClock, systemDraw } from '../host/system-clock.ts'
import type { Container, PodSpec } from '../api/builtin-types-pod.ts'
import type { ContainerStatus } from '../api/builtin-types-pod-status.ts'
import { Kubelet } from './kubelet.ts'
import type { ExecExit, LogRequest } from '../kube/pod-access.ts'
import type { KubeletOptions } from './kubelet-options.ts'

const clock = systemClock()
const PATH = process.env['PATH'] ?? ''

let client: PodObjects
let slot: Slot
let directory: string
let run: string
let processes: Processes
let kubelets: Kubelet[]
let events: string[]

beforeEach(async () => {
  client = new PodObjects()
  slot = await takeSlot({ preferred: 41 })
  directory = mkdtempSync(join(tmpdir(), 'serin-kubelet-'))
  run = newUid()
  const register = { add: (): void => undefined, remove: (): void => undefined }
  processes = new Processes({ run, clock, register })
  kubelets = []
  events = []
})

afterEach(async () => {
  await Promise.all(kubelets.map((kubelet) => kubelet.stop(0)))
  await processes.endAll(0)
  await slot.release()
  rmSync(directory, { recursive: true, force: true })
})

async function started(more: Partial<KubeletOptions> = {}): Promise<Kubelet> {
  const kubelet = new Kubelet({
    client,
    clock,
    draw: systemDraw(),
    processes,
    nodeName: 'serin',
    podPrefix: slot.podPrefix,
    directory,
    workDir: directory,
    baseEnv: { PATH },
    imageCommand: (image) =>
      image.startsWith('web:')
        ? { command: [process.execPath, '-e', SERVER, '$(SERIN_IMAGE_TAG)'], repository: 'web', tag: image.slice(4) }
        : undefined,
    proxyEnv: () => ({ http_proxy: 'http://127.0.0.1:15001' }),
    drained: () => Promise.resolve(),
    event: (pod, type, reason, message) => void events.push(`${pod.metadata.name} ${type} ${reason} ${message}`),
    ...more
  })
  kubelets.push(kubelet)
  await kubelet.start()
  return kubelet
}

// Listens on the wildcard, as most programs do.
const SERVER = `
let healthy = true
require('node:http').createServer((q, r) => {
  if (q.url === '/break') healthy = false
  if (q.url === '/health' && !healthy) r.statusCode = 500
  r.end(process.argv[1] + ' ' + process.env.HOSTNAME + ' ' + q.headers['user-agent'])
}).listen(Number(process.env.PORT), () => console.log('listening', process.env.COLOR, ...process.argv.slice(2)))
`

function put(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): void {
  const containers = [{ name: 'web', image: 'web:v7', ports: [{ containerPort: 8123 }], ...container }]
  client.put('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, uid: newUid(), labels: { app: 'web' } },
    spec: { containers, ...spec }
  })
}

async function until(what: string, holds: () => boolean, within = 10_000): Promise<void> {
  const end = clock.now() + within
  while (!holds()) {
    if (clock.now() > end) throw new Error(`not within ${within} ms: ${what}: ${JSON.stringify([...events, client.pod('a')?.status])}`)
    await new Promise<void>((resolve) => clock.after(20, resolve))
  }
}

const ready = (name: string): boolean =>
  client.pod(name)?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
const statusOf = (name: string): ContainerStatus | undefined => client.pod(name)?.status?.containerStatuses?.[0]

function fetchText(host: string, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port: 8123, path, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function logOf(kubelet: Kubelet, name: string, options: Partial<LogRequest> = {}): Promise<string> {
  const signal = new AbortController().signal
  const answer = kubelet.log({ namespace: 'test', name }, 'web', { follow: false, previous: false, timestamps: false, signal, ...options })
  if (answer.kind === 'failure') return `failure: ${answer.status.message}`
  let text = ''
  for await (const chunk of answer.chunks) text += new TextDecoder().decode(chunk)
  return text
}

test('two pods of one image serve the same port at their own addresses, though the program binds the wildcard; deleted, they end', async () => {
  const kubelet = await started()
  put('a', { env: [{ name: 'COLOR', value: 'blue' }], readinessProbe: { httpGet: { path: '/health', port: 8123 }, periodSeconds: 1 } })
  put('b', {})
  await until('both are ready', () => ready('a') && ready('b'))
  const [a = '', b = ''] = ['a', 'b'].map((name) => client.pod(name)?.status?.podIP)
  expect(a).not.toBe(b)
  expect(await fetchText(a)).toBe('v7 a undefined')
  expect(await fetchText(b)).toBe('v7 b undefined')
  expect(client.pod('a')).toMatchObject({ spec: { nodeName: 'serin' }, status: { phase: 'Running', hostIP: '127.0.0.1' } })
  expect(await logOf(kubelet, 'a')).toBe('listening blue\n')
  expect(await logOf(kubelet, 'a', { timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z listening blue\n$/)
  const stamp = new Date().toISOString()
  for (const name of ['a', 'b']) {
    const pod = client.pod(name)
    if (pod !== undefined)
      client.put('pods', { ...pod, metadata: { ...pod.metadata, deletionTimestamp: stamp, deletionGracePeriodSeconds: 5 } })
  }
  await until('both are gone', () => client.pod('a') === undefined && client.pod('b') === undefined)
  expect(pidsOfRun(run)).toEqual([])
  expect(events.filter((event) => event.includes('WildcardBind'))).toEqual([])
})

test('a deleted pod gets SIGTERM only after the data plane let go of it', async () => {
  const gate = Promise.withResolvers<void>()
  await started({ drained: () => gate.promise })
  put('a', {})
  await until('it is ready', () => ready('a'))
  const pod = client.pod('a')
  if (pod === undefined) throw new Error('no pod')
  client.put('pods', { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: 5 } })
  await until('its end began', () => events.some((event) => event.includes('Killing')))
  expect(await fetchText(pod.status?.podIP ?? '')).toContain('v7 a')
  gate.resolve()
  await until('it is gone', () => client.pod('a') === undefined)
})

test('a container that exits is started again after a back-off, with its last state and previous log', async () => {
  const kubelet = await started()
  put('a', { command: ['sh', '-c', 'echo run; exit 3'], ports: [] })
  await until('it crashed', () => statusOf('a')?.state?.waiting?.reason === 'CrashLoopBackOff')
  expect(statusOf('a')).toMatchObject({ restartCount: 0, lastState: { terminated: { exitCode: 3, reason: 'Error' } } })
  await until('it was restarted', () => (statusOf('a')?.restartCount ?? 0) >= 1)
  expect(client.pod('a')?.status?.phase).toBe('Running')
  await until('it ended again', () => statusOf('a')?.state?.waiting !== undefined)
  expect(await logOf(kubelet, 'a', { previous: true })).toBe('run\n')
  expect(events.some((event) => event.startsWith('a Warning BackOff Back-off restarting failed container web in pod a_test('))).toBe(true)
})

test('a failing liveness probe restarts the container, a failing readiness probe takes it out', async () => {
  await started()
  const probe = { httpGet: { path: '/health', port: 8123 }, periodSeconds: 1, failureThreshold: 1 }
  put('a', { readinessProbe: probe })
  put('b', { livenessProbe: { ...probe, initialDelaySeconds: 2 } })
  await until('both are ready', () => ready('a') && ready('b'))
  await fetchText(client.pod('a')?.status?.podIP ?? '', '/break')
  await fetchText(client.pod('b')?.status?.podIP ?? '', '/break')
  await until('a is out', () => !ready('a'))
  await until('b was restarted', () => statusOf('b')?.restartCount === 1 && ready('b'))
  expect(statusOf('a')?.restartCount).toBe(0)
  expect(events).toContain('b Warning Unhealthy Liveness probe failed: HTTP probe failed with statuscode: 500')
})

test('a gRPC probe, which is not asked, neither ends a container nor keeps it from being ready', async () => {
  await started()
  const grpc = { grpc: { port: 1 }, periodSeconds: 1, failureThreshold: 1 }
  put('a', { command: ['sleep', '600'], ports: [], livenessProbe: grpc, readinessProbe: grpc })
  await until('it is ready', () => statusOf('a')?.ready === true)
  expect(events.some((event) => event.includes('FieldsIgnored') && event.includes('probes of kind grpc'))).toBe(true)
  expect(events.some((event) => event.includes('Unhealthy'))).toBe(false)
})

test('an image that nothing maps leaves the pod Pending and says what to write where', async () => {
  const kubelet = await started()
  put('a', { image: 'shop:v1' })
  await until('it is refused', () => statusOf('a')?.state?.waiting?.reason === 'ImageNotRunnable')
  expect(client.pod('a')?.status?.phase).toBe('Pending')
  expect(events.join('\n')).toContain('images: {"shop:*": "serin/demo"}')
  expect(await logOf(kubelet, 'a')).toContain('is waiting to start: ImageNotRunnable')
})

test('a command that is in the image only gives way to what the image stands for, with its words; where that is nothing, it is named', async () => {
  const kubelet = await started()
  put('a', { command: ['./shop', '--port=80', '$(POD_IP)'], args: ['$$(POD_IP)'], env: [{ name: 'COLOR', value: 'blue' }] })
  await until('the image runs', () => statusOf('a')?.ready === true)
  expect(await fetchText(client.pod('a')?.status?.podIP ?? '')).toContain('v7 a')
  let log = ''
  await until('it says its words', () => {
    void logOf(kubelet, 'a').then((text) => (log = text))
    return log.includes(`--port=80 ${client.pod('a')?.status?.podIP} $(POD_IP)`)
  })
  put('b', { image: 'other:v1', command: ['./shop'] })
  await until('the other is refused', () => statusOf('b')?.state?.waiting?.reason === 'ImageNotRunnable')
  expect(events.join('\n')).toContain('"./shop" is no program of this machine')
  expect(events.join('\n')).toContain('images: {"other:*": "serin/demo"}')
})

test('init containers run in order before the rest; ConfigMaps and Secrets are variables and directories; a missing one is waited for', async () => {
  const kubelet = await started()
  client.put('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { 'app.txt': 'hello' } })
  const volumes = [
    { name: 'conf', configMap: { name: 'conf' } },
    { name: 'shared-dir', emptyDir: {} }
  ]
  const init = { name: 'init', image: '', command: ['sh', '-c', 'cat $VOLUME_CONF/app.txt > $VOLUME_SHARED_DIR/made'] }
  const secret = { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }
  put(
    'b',
    { command: ['sh', '-c', 'echo "$POD_IP $TOKEN $(cat $VOLUME_SHARED_DIR/made)"; sleep 60'], env: [secret], ports: [] },
    { volumes, initContainers: [init] }
  )
  await until('it waits for the secret', () => statusOf('b')?.state?.waiting?.reason === 'CreateContainerConfigError')
  client.put('secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys' },
    data: { token: Buffer.from('s3cret').toString('base64') }
  })
  await until('it runs', () => ready('b'))
  const ip = client.pod('b')?.status?.podIP
  await until(
    'it wrote',
    () => readFileSync(join(directory, 'pods', client.pod('b')?.metadata.uid ?? '', 'volumes', 'shared-dir', 'made'), 'utf8') === 'hello'
  )
  let text = ''
  while (text === '') {
    await new Promise<void>((resolve) => clock.after(20, resolve))
    text = await logOf(kubelet, 'b')
  }
  expect(text).toBe(`${ip} s3cret hello\n`)
})

test('exec runs in the environment of the container, carries stdin and gives its exit code', async () => {
  const kubelet = await started()
  put('a', {})
  await until('it is ready', () => ready('a'))
  const exec = async (command: readonly string[], input?: string): Promise<{ readonly exit: ExecExit; readonly out: string }> => {
    let out = ''
    const take = (chunk: Uint8Array): Promise<void> => {
      out += new TextDecoder().decode(chunk)
      return Promise.resolve()
    }
    const stdin = (async function* () {
      await Promise.resolve()
      yield new TextEncoder().encode(input ?? '')
    })()
    const streams = {
      ...(input === undefined ? {} : { stdin }),
      stdout: take,
      stderr: take,
      tty: false,
      signal: new AbortController().signal
    }
    return { exit: await kubelet.exec({ namespace: 'test', name: 'a' }, 'web', command, streams), out }
  }
  expect(await exec(['sh', '-c', 'echo $HOSTNAME; exit 3'])).toEqual({ exit: { kind: 'exited', code: 3 }, out: 'a\n' })
  expect(await exec(['cat'], 'through')).toEqual({ exit: { kind: 'exited', code: 0 }, out: 'through' })
  expect((await exec(['no-such-program'])).exit.kind).toBe('failed')
})

test.skipIf(!existsSync('/usr/bin/script'))(
  'exec with a terminal gives the command one, of the size of the client, and its exit code',
  async () => {
    const kubelet = await started()
    put('a', {})
    await until('it is ready', () => ready('a'))
    let out = ''
    const typed = Promise.withResolvers<Uint8Array>()
    const stdout = (chunk: Uint8Array): Promise<void> => {
      out += new TextDecoder().decode(chunk)
      return Promise.resolve()
    }
    const streams = {
      stdin: (async function* () {
        yield await typed.promise
      })(),
      stdout,
      stderr: stdout,
      tty: true,
      onResize: (heard: (size: { readonly columns: number; readonly rows: number }) => void) => heard({ columns: 123, rows: 45 }),
      signal: new AbortController().signal
    }
    const sized = `until [ "$(stty size)" = "45 123" ]; do sleep 0.05; done`
    const script = `tty; echo it\\'s "$TERM"; read line; echo "got $line"; ${sized}; exit 7`
    const running = kubelet.exec({ namespace: 'test', name: 'a' }, 'web', ['sh', '-c', script], streams)
    await until('it asks', () => out.includes("it's xterm\r\n"))
    typed.resolve(new TextEncoder().encode('words\r'))
    expect(await running).toEqual({ kind: 'exited', code: 7 })
    expect(out).toMatch(/^\/dev\/pts\/\d+\r\n/)
    expect(out).toContain('words\r\ngot words\r\n')
  }
)

test('followed logs go on until the container ends', async () => {
  const kubelet = await started()
  put(
    'a',
    { command: ['sh', '-c', 'echo one; read x < $VOLUME_D/pipe; echo two'], ports: [] },
    {
      restartPolicy: 'Never',
      volumes: [{ name: 'd', emptyDir: {} }],
      initContainers: [{ name: 'i', command: ['sh', '-c', 'mkfifo $VOLUME_D/pipe'] }]
    }
  )
  await until('it runs', () => ready('a'))
  const reading = logOf(kubelet, 'a', { follow: true })
  await kubelet.exec({ namespace: 'test', name: 'a' }, 'web', ['sh', '-c', 'echo go > $VOLUME_D/pipe'], {
    stdout: () => Promise.resolve(),
    stderr: () => Promise.resolve(),
    tty: false,
    signal: new AbortController().signal
  })
  expect(await reading).toBe('one\ntwo\n')
  await until('it is done', () => client.pod('a')?.status?.phase === 'Succeeded')
})

test('a new kubelet goes on with the pods it finds: same address, one restart more', async () => {
  const first = await started()
  put('a', {})
  await until('it is ready', () => ready('a'))
  const before = client.pod('a')?.status?.podIP ?? ''
  await first.stop(2000)
  expect(pidsOfRun(run)).toEqual([])
  await started()
  await until('it is up again', () => statusOf('a')?.restartCount === 1 && ready('a'))
  expect(client.pod('a')?.status?.podIP).toBe(before)
  expect(await fetchText(before)).toContain('v7 a')
})

test('a program that takes every address is named in an Event, fields without effect once', async () => {
  await started()
  const command = [
    process.execPath,
    '-e',
    'delete process.env.POD_IP; require("node:child_process").spawn(process.execPath, ["-e", "require(\'node:net\').createServer().listen(0, \'0.0.0.0\')"], { env: {} })',
    ''
  ]
  put('a', { command, ports: [], resources: { limits: { cpu: '1' } } })
  await until('it is named', () => events.some((event) => event.includes('a Warning WildcardBind container web listens on every address')))
  expect(events.filter((event) => event.includes('FieldsIgnored'))).toEqual([
    'a Warning FieldsIgnored stored but without effect on local processes: resources'
  ])
  const group = pidsOfRun(run)[0] ?? 0
  expect(groupLives(group)).toBe(true)
})
