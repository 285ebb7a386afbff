// exec and attach over WebSocket: one byte of channel number before each message (0 stdin, 1 stdout, 2 stderr, 3 the outcome as a
// Status, 4 terminal size; in v5 255 closes a channel). SPDY, which kubectl before 1.30 speaks, is refused in words.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { ExecExit, ExecStreams, PodAccess, PodName } from '../kube/pod-access.ts'
import { flag } from './query.ts'
import { statusBody } from './status.ts'

/** What to run, and where. An empty command attaches to the output of the container's own process. */
export interface ExecTarget {
  readonly pod: PodName
  readonly container: string
  readonly command: readonly string[]
}

/** A handshake that has been let in. */
export interface Handshake {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const STDIN = 0
const STDOUT = 1
const STDERR = 2
const OUTCOME = 3
const TERMINAL_SIZE = 4
const CLOSE = 255
/** A message may not be longer; bytes from the client that may wait for the process. */
const MESSAGE_BYTES_MAX = 1024 * 1024

/** Completes the WebSocket handshake, runs the command, and ends with its outcome. */
export function serveExec(handshake: Handshake, pods: PodAccess, target: ExecTarget, query: URLSearchParams): void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false
  })
  server.handleUpgrade(handshake.request, handshake.socket, handshake.head, (socket) => {
    void converse(socket, pods, target, query)
  })
}

async function converse(socket: WebSocket, pods: PodAccess, target: ExecTarget, query: URLSearchParams): Promise<void> {
  const gone = new AbortController()
  socket.on('close', () => gone.abort())
  socket.on('error', () => gone.abort())
  const stdin = flag(query, 'stdin') ? receiveStdin(socket, gone.signal) : undefined
  const streams: ExecStreams = {
    ...(stdin === undefined ? {} : { stdin }),
    stdout: (chunk) => (flag(query, 'stdout') ? send(socket, STDOUT, chunk) : Promise.resolve()),
    stderr: (chunk) => (flag(query, 'stderr') ? send(socket, STDERR, chunk) : Promise.resolve()),
    tty: flag(query, 'tty'),
    onResize: receiveSizes(socket),
    signal: gone.signal
  }
  const run = target.command.length === 0 ? attach(pods, target, streams) : pods.exec(target.pod, target.container, target.command, streams)
  const exit = await run.catch((error: unknown): ExecExit => ({
    kind: 'failed',
    message: error instanceof Error ? error.message : 'the command could not be run'
  }))
  await send(socket, OUTCOME, Buffer.from(JSON.stringify(outcome(exit))))
  // A paused socket would never see the answer to this.
  socket.resume()
  socket.close(1000)
}

// Containers keep their output in their log alone: attaching is following it from now on.
async function attach(pods: PodAccess, { pod, container }: ExecTarget, streams: ExecStreams): Promise<ExecExit> {
  if (streams.stdin !== undefined)
    return { kind: 'failed', message: 'containers have no standard input: attach without -i, or use exec -i' }
  const options = { follow: true, previous: false, timestamps: false, tailLines: 0, signal: streams.signal }
  const answer = pods.log(pod, container, options)
  if (answer.kind === 'failure') return { kind: 'failed', message: answer.status.message }
  for await (const chunk of answer.chunks) await streams.stdout(chunk)
  return { kind: 'exited', code: 0 }
}

/** The Status that kubectl reads a command's end from. */
export function outcome(exit: ExecExit): Record<string, unknown> {
  if (exit.kind === 'failed') return statusBody({ code: 500, reason: 'InternalError', message: exit.message })
  if (exit.code === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${exit.code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exit.code) }] }
  }
}

// Resolves when the message is with the system, so that a process that writes faster than the client reads is slowed down.
function send(socket: WebSocket, channel: number, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== WebSocket.OPEN) return resolve()
    socket.send(Buffer.concat([Buffer.from([channel]), chunk]), () => resolve())
  })
}

// The newest size is kept for whoever asks later than it comes.
function receiveSizes(socket: WebSocket): NonNullable<ExecStreams['onResize']> {
  type Heard = Parameters<NonNullable<ExecStreams['onResize']>>[0]
  let last: Parameters<Heard>[0] | undefined
  let heard: Heard | undefined
  socket.on('message', (data: RawData) => {
    const bytes = bytesOf(data)
    if (bytes[0] !== TERMINAL_SIZE) return
    last = readSize(bytes.subarray(1).toString('utf8')) ?? last
    if (last !== undefined) heard?.(last)
  })
  return (listener) => {
    heard = listener
    if (last !== undefined) listener(last)
  }
}

const SIZE_MAX = 10_000

function readSize(text: string): { readonly columns: number; readonly rows: number } | undefined {
  const [columns, rows] = ['Width', 'Height'].map((name) => Number(new RegExp(`"${name}":(\\d{1,5})[,}]`).exec(text)?.[1] ?? 0))
  const fits = (count: number | undefined): count is number => count !== undefined && count > 0 && count <= SIZE_MAX
  return fits(columns) && fits(rows) ? { columns, rows } : undefined
}

function bytesOf(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)])
}

// The client is paused while a message waits to be taken.
async function* receiveStdin(socket: WebSocket, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const waiting: Uint8Array[] = []
  let ended = false
  let wake = (): void => {}
  const end = (): void => {
    ended = true
    wake()
  }
  const protocol = socket.protocol
  socket.on('message', (data: RawData) => {
    const bytes = bytesOf(data)
    if (bytes[0] === CLOSE && protocol === PROTOCOLS[0] && bytes[1] === STDIN) return end()
    if (bytes[0] !== STDIN || bytes.length < 2) return
    waiting.push(bytes.subarray(1))
    socket.pause()
    wake()
  })
  signal.addEventListener('abort', end, { once: true })
  for (;;) {
    const chunk = waiting.shift()
    if (chunk !== undefined) yield chunk
    else if (ended) return
    else {
      if (socket.readyState === WebSocket.OPEN) socket.resume()
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}
