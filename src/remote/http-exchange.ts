// One request and its answer over HTTP, bounded in time and size, to addresses that the rules allow. The address is judged when the
// connection is made, so that a name cannot lead elsewhere than where it was looked up. Nothing is followed and nothing repeated here.

import { lookup as lookUp, type LookupAddress, type LookupOptions } from 'node:dns'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import tls from 'node:tls'
import { type OutboundRules, refusalOf } from './outbound-rules.ts'

// Not imported: an import of node:http loads undici as well (docs/decisions/068).
const http = process.getBuiltinModule('node:http')

/** Looks up a name; node:dns unless a test says otherwise. */
export type LookUpAll = (host: string, done: (error: Error | null, found: readonly LookupAddress[]) => void) => void

/** Where to send a call instead of to the URL's own host. */
export interface Detour {
  /** A forward proxy, an http:// URL. */
  readonly proxy: string
  /** Host as the proxy knows it, e.g. `flagger-loadtester.test.svc.cluster.local`. */
  readonly host: string
  /** The proxy is this program's own, and its address is not judged. */
  readonly isOwn: boolean
}

/** What to send, and where. */
export interface Exchange {
  readonly target: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
  /** Longer answers are cut there. */
  readonly bodyMax: number
  /** Takes any certificate. */
  readonly insecure: boolean
  readonly via: Detour | undefined
  readonly rules: OutboundRules
  readonly lookUp: LookUpAll | undefined
}

/** What came back: `isCut` when it was longer than is kept. */
export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly isCut: boolean
}

/** The rules do not allow what was asked for; asking again is of no use. */
export class Refused extends Error {}

/** Resolves with the answer; rejects with Refused, with the signal's reason, or with what went wrong. */
export async function exchange(sent: Exchange, signal: AbortSignal): Promise<Received> {
  const { target, via } = sent
  checkLiteral(target.hostname, sent.rules)
  if (via === undefined) return answerOf(sent, direct(sent), signal)
  const proxy = new URL(via.proxy)
  const rules = via.isOwn ? ANY : sent.rules
  checkLiteral(proxy.hostname, rules)
  const toProxy = toward(proxy, { ...sent, rules })
  if (target.protocol === 'http:') return answerOf(sent, { ...toProxy, ...absolute(target, hostOf(sent).host) }, signal)
  const socket = await tunnel(target, toProxy, signal)
  // Without an agent, which would make connections of its own.
  const { agent: _, ...inside } = direct(sent)
  return answerOf(sent, { ...inside, createConnection: () => overTls(sent, socket) }, signal)
}

const ANY: OutboundRules = { linkLocal: 'allowed', loopback: 'allowed', redirects: 'any' }

function direct(sent: Exchange): https.RequestOptions {
  const { target, insecure } = sent
  return { ...toward(target, sent), path: target.pathname + target.search, ...(insecure ? { rejectUnauthorized: false } : {}) }
}

function toward(url: URL, { rules, lookUp: own }: Exchange): RequestOptions {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { host: bare(url.hostname), port, agent: false, lookup: guardedLookUp(rules, own ?? resolveAll) }
}

function absolute(target: URL, authority: string): RequestOptions {
  return { path: `http://${authority}${target.pathname}${target.search}` }
}

// A detour may know the target by another name.
function hostOf({ target, via }: Exchange): { readonly host: string } {
  if (via === undefined || target.protocol === 'https:') return { host: target.host }
  return { host: target.port === '' ? via.host : `${via.host}:${target.port}` }
}

// Node asks no resolver about addresses, so these are judged here. URL has made one spelling of all there are.
function checkLiteral(hostname: string, rules: OutboundRules): void {
  const host = bare(hostname)
  const refusal = isIP(host) === 0 ? undefined : refusalOf(host, rules)
  if (refusal !== undefined) throw new Refused(refusal)
}

function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

const resolveAll: LookUpAll = (host, done) => lookUp(host, { all: true }, done)

function guardedLookUp(rules: OutboundRules, resolve: LookUpAll): LookupFunction {
  return (host: string, options: LookupOptions, done) => {
    resolve(host, (error, found) => {
      if (error !== null) return done(error, [])
      const refusals = found.map(({ address }) => refusalOf(address, rules))
      const open = found.filter((_, index) => refusals[index] === undefined)
      const [first] = open
      if (first === undefined) return done(new Refused(`${host}: ${refusals[0] ?? 'has no address'}`), [])
      if (options.all === true) done(null, [...open])
      else done(null, first.address, first.family)
    })
  }
}

function tunnel(target: URL, proxy: RequestOptions, signal: AbortSignal): Promise<Socket> {
  const authority = `${target.hostname}:${target.port === '' ? 443 : target.port}`
  return new Promise((resolve, reject) => {
    const request = http.request({ ...proxy, method: 'CONNECT', path: authority, headers: { host: authority }, signal })
    request.on('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode === 200) return resolve(socket)
      socket.destroy()
      reject(new Error(`its proxy answers ${statusCode}`))
    })
    request.on('response', ({ statusCode = 0 }) => {
      request.destroy()
      reject(new Error(`its proxy answers ${statusCode}`))
    })
    request.on('error', reject)
    request.end()
  })
}

function overTls({ target, insecure }: Exchange, socket: Socket): Socket {
  const host = bare(target.hostname)
  return tls.connect({
    socket,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: !insecure,
    ALPNProtocols: ['http/1.1']
  })
}

function answerOf(sent: Exchange, options: https.RequestOptions, signal: AbortSignal): Promise<Received> {
  const { target, method, headers, body, bodyMax } = sent
  return new Promise((resolve, reject) => {
    const send = target.protocol === 'https:' ? https.request : http.request
    const length = body === '' && method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) }
    const request = send({ ...options, method, signal, headers: { ...credentials(target), ...headers, ...length, ...hostOf(sent) } })
    request.on('error', reject)
    request.on('response', (response) => collect(request, response, bodyMax).then(resolve, reject))
    request.end(body)
  })
}

function credentials({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

async function collect(request: ClientRequest, response: IncomingMessage, bodyMax: number): Promise<Received> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    const bytes = chunk as Buffer // no encoding is set on the response
    chunks.push(bytes)
    size += bytes.length
    if (size > bodyMax) break
  }
  if (size > bodyMax) request.destroy()
  const body = Buffer.concat(chunks).subarray(0, bodyMax).toString()
  return { status: response.statusCode ?? 0, headers: response.headers, body, isCut: size > bodyMax }
}
