// Replaying one recorded case over HTTP: set-up, requests in their order with placeholders filled from the answers so far, changes by
// "another client" while a watch runs, and what differs in the end.

import { type Agent, request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { isObject } from '../../src/std/json.ts'
import { type ActualAnswer, compareAnswer, counts } from './compare-answer.ts'
import { Bindings, type Change, type RecordedCase, type RecordedExchange } from './recording.ts'

/** A server under test: empty but for the Namespace `demo`. */
export interface ServerUnderTest {
  readonly url: string
  readonly token: string
  /** The authority that signed its certificate, PEM. */
  readonly authority: string
  /** Keeps connections to it. */
  readonly agent: Agent
}

/** How a case went. `skipped` names recorded requests on kinds that the server does not serve. */
export interface CaseOutcome {
  readonly differences: readonly string[]
  readonly skipped: readonly string[]
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
}

/** A watch gets this long to deliver what was recorded. */
const WATCH_MS_MAX = 3_000
/** A watch that had nothing to tell is left so soon: what it told too much would have come at once. */
const NOTHING_MS = 30

/** Runs a case. `served` tells whether a path is of a kind that is served. */
export async function replayCase(server: ServerUnderTest, recorded: RecordedCase, served: (path: string) => boolean): Promise<CaseOutcome> {
  const bindings = new Bindings()
  const problem = await setUpCase(server, recorded)
  if (problem !== undefined) return { differences: [`setup: ${problem}`], skipped: [] }
  const found: string[] = []
  const skipped: string[] = []
  // The answers to `before` bind placeholders; they are not judged.
  for (const part of [...(recorded.before ?? []), recorded]) {
    const exchanges = part.exitCode === 'killed' ? part.exchanges.slice(0, firstOwn(part.exchanges)) : part.exchanges
    for (const exchange of exchanges) {
      if (exchange.$common !== undefined) continue
      if (!served(exchange.path)) {
        skipped.push(`${exchange.method} ${exchange.path.split('?')[0]}`)
        continue
      }
      const actual = await perform(server, exchange, bindings, part)
      const differences = compareAnswer(exchange, actual, { bindings, ignoreZero: false })
      const wrong = isMidway(recorded.id, exchange) ? compareEnd(exchange, actual) : differences
      if (part === recorded) found.push(...wrong.map((one) => `${exchange.method} ${exchange.path}: ${one}`))
    }
  }
  return { differences: found, skipped }
}

// README: of `crd-delete` only that DELETED comes last. Which steps of the end a client sees meanwhile is a matter of time.
function isMidway(id: string, exchange: RecordedExchange): boolean {
  return id === 'crd-delete' && exchange.method === 'GET'
}

function compareEnd(recorded: RecordedExchange, actual: ActualAnswer): string[] {
  if (recorded.status !== actual.status) return [`status: expected ${recorded.status}, got ${actual.status}`]
  const wanted = recorded.responseEvents?.findLast(counts)?.type
  const last = actual.events?.findLast(counts)?.type
  return wanted === undefined || wanted === last ? [] : [`last event: expected ${wanted}, got ${last}`]
}

function firstOwn(exchanges: readonly RecordedExchange[]): number {
  return exchanges.findIndex((exchange) => exchange.$common === undefined) + 1
}

/** Makes the objects that exist before; why that failed, or undefined. */
export async function setUpCase(server: ServerUnderTest, recorded: RecordedCase): Promise<string | undefined> {
  const uids = new Map<string, string>()
  for (const object of recorded.setup ?? []) {
    const problem = await setUp(server, object, uids)
    if (problem !== undefined) return problem
  }
  return undefined
}

async function setUp(server: ServerUnderTest, object: Record<string, unknown>, uids: Map<string, string>): Promise<string | undefined> {
  const text = JSON.stringify({ ...object, status: undefined }).replaceAll(/\$uid\(([^)]+)\)/g, (_, key: string) => uids.get(key) ?? '')
  const path = collectionPath(object)
  const made = await send(server, json('POST', `${path}?fieldManager=setup`, text))
  if (made.status >= 300) return `${path} ${made.status} ${JSON.stringify(made.body)}`
  const metadata = isObject(made.body) && isObject(made.body['metadata']) ? made.body['metadata'] : {}
  uids.set(`${String(object['kind'])}/${String(metadata['name'])}`, String(metadata['uid']))
  if (object['status'] === undefined) return undefined
  const status = JSON.stringify({ status: object['status'] })
  const patched = await send(server, json('PATCH', `${path}/${String(metadata['name'])}/status?fieldManager=setup`, status))
  return patched.status >= 300 ? `${path} status ${patched.status} ${JSON.stringify(patched.body)}` : undefined
}

const CLUSTER_SCOPED = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition'])

/** The collection an object of a recording is posted to. */
export function collectionPath(object: Record<string, unknown>): string {
  const apiVersion = String(object['apiVersion'])
  const kind = String(object['kind'])
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const home = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'demo'
  const namespace = CLUSTER_SCOPED.has(kind) ? '' : `/namespaces/${home}`
  return `${base}${namespace}/${pluralOf(kind)}`
}

function pluralOf(kind: string): string {
  const lower = kind.toLowerCase()
  if (lower === 'endpoints') return lower
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`
  return lower.endsWith('s') ? `${lower}es` : `${lower}s`
}

function json(method: string, path: string, text: string): Sent {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  return { method, path, headers: { 'content-type': type, accept: 'application/json' }, body: Buffer.from(text) }
}

async function perform(server: ServerUnderTest, exchange: RecordedExchange, bindings: Bindings, part: RecordedCase): Promise<ActualAnswer> {
  const sent = requestOf(exchange, bindings)
  const { during } = part
  const triggers = during !== undefined && during.after.method === exchange.method && exchange.path.includes(during.after.pathContains)
  const change = (): Promise<void> => (triggers ? makeChanges(server, during.changes) : Promise.resolve())
  // A watch without recorded events had none before its client left.
  const isWatch = exchange.responseEvents !== undefined || (exchange.responseBody === undefined && /[?&]watch=(true|1)/.test(exchange.path))
  if (isWatch) return watch(server, sent, (exchange.responseEvents ?? []).filter(counts), change)
  const answer = await send(server, sent)
  await change()
  return answer
}

function requestOf(exchange: RecordedExchange, bindings: Bindings): Sent {
  const path = bindings.fill(exchange.path, 'query').replace(/timeout=[^&]*|timeoutSeconds=<[^>]*>/g, '')
  const { requestBody } = exchange
  const body = requestBody === undefined ? undefined : bodyBytes(requestBody, bindings)
  return { method: exchange.method, path, headers: exchange.requestHeaders, body }
}

function bodyBytes(body: unknown, bindings: Bindings): Uint8Array {
  if (isObject(body) && typeof body['base64'] === 'string') return Buffer.from(body['base64'], 'base64')
  return Buffer.from(typeof body === 'string' ? bindings.fill(body, 'body') : JSON.stringify(bindings.fillBody(body)))
}

async function makeChanges(server: ServerUnderTest, changes: readonly Change[]): Promise<void> {
  for (const change of changes) await send(server, changeRequest(change))
}

/** The request of another client's change. */
export function changeRequest({ method, path, body }: Change): Sent {
  return json(method, path, body === undefined ? '' : JSON.stringify(body))
}

/** Sends a request and reads the whole answer. */
export async function send(server: ServerUnderTest, sent: Sent): Promise<ActualAnswer> {
  const response = await open(server, sent)
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return { ...headOf(response), body: parseText(Buffer.concat(chunks).toString()) }
}

// Ends when as many events came as were recorded, when the server ends the stream, or when the time is up.
async function watch(
  server: ServerUnderTest,
  sent: Sent,
  expected: readonly { readonly type: string }[],
  onHead: () => Promise<void>
): Promise<ActualAnswer> {
  const wanted = expected.length
  const last = expected.at(-1)?.type
  const response = await open(server, sent)
  const head = headOf(response)
  const events: { type: string; object: unknown }[] = []
  let text = ''
  await new Promise<void>((resolve) => {
    const late = setTimeout(resolve, wanted === 0 ? NOTHING_MS : WATCH_MS_MAX)
    const done = (): void => {
      clearTimeout(late)
      resolve()
    }
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) if (line !== '') events.push(JSON.parse(line) as { type: string; object: unknown })
      const got = events.filter(counts)
      if (wanted > 0 && got.length >= wanted && (last !== 'DELETED' || got.at(-1)?.type === last)) done()
    })
    response.on('end', done)
    response.on('error', done)
    void onHead()
  })
  response.destroy()
  return { ...head, body: head.status === 200 ? undefined : (events[0] ?? parseText(text)), events }
}

function open(server: ServerUnderTest, sent: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...sent.headers,
      authorization: `Bearer ${server.token}`,
      ...(sent.body === undefined ? {} : { 'content-length': sent.body.length })
    }
    const request = httpsRequest(
      `${server.url}${sent.path}`,
      { method: sent.method, headers, ca: server.authority, agent: server.agent },
      resolve
    )
    request.on('error', reject)
    request.end(sent.body)
  })
}

function headOf(response: IncomingMessage): Pick<ActualAnswer, 'status' | 'contentType' | 'warnings'> {
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    warnings: response.headers['warning'] ?? ''
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
