// One request and its answer over HTTP, bounded in time and size, to addresses that the rules allow. The address is judged when the
// connection is made, so that a name cannot lead elsewhere than where it was looked up. Nothing is followed and nothing repeated here.

import { lookup as lookUp, type LookupAddress, type LookupOptions } from 'node:dns'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type OutboundRules, refusalOf } from './outbound-rules.ts'
import { bare, basicOf, overTls, placeOf, proxyCredentials, tunnel } from './tunnel.ts'

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
  /** Addresses that the proxy may connect to for this host, as far as they are known: they are judged instead of it. */
  readonly behind?: readonly string[]
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

type Outgoing = Omit<https.RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

/** The rules do not allow what was asked for; asking again is of no use. */
export class Refused extends Error {}

/** Resolves with the answer; rejects with Refused, with the signal's reason, or with what went wrong. */
export async function exchange(sent: Exchange, signal: AbortSignal): Promise<Received> {
  const { target, via } = sent
  checkLiteral(target.hostname, sent.rules)
  if (via === undefined) return answerOf(sent, direct(sent), signal)
  const proxy = new URL(via.proxy)
  const rules = via.isOwn ? ANY : sent.rules
  checkBehind(target, via, sent.rules)
  checkLiteral(proxy.hostname, rules)
  const toProxy = toward(proxy, { ...sent, rules })
  if (target.protocol === 'http:') {
    return answerOf(sent, { ...toProxy, ...absolute(target, hostOf(sent).host), headers: proxyCredentials(proxy) }, signal)
  }
  const socket = await tunnel(target, proxy, toProxy, signal)
  // Without an agent, which would make connections of its own.
  const { agent: _, ...inside } = direct(sent)
  return answerOf(sent, { ...inside, createConnection: () => overTls(target, socket, { rejectUnauthorized: !sent.insecure }) }, signal)
}

const ANY: OutboundRules = { linkLocal: 'allowed', loopback: 'allowed', redirects: 'any' }

function direct(sent: Exchange): Omit<https.RequestOptions, 'headers'> {
  const { target, insecure } = sent
  return { ...toward(target, sent), path: target.pathname + target.search, ...(insecure ? { rejectUnauthorized: false } : {}) }
}

function toward(url: URL, { rules, lookUp: own }: Exchange): Omit<RequestOptions, 'headers'> {
  return { ...placeOf(url), agent: false, lookup: guardedLookUp(rules, own ?? resolveAll) }
}

function absolute(target: URL, authority: string): Pick<RequestOptions, 'path'> {
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

// The proxy takes any of them, so that one that is out of bounds is one too many.
function checkBehind({ hostname }: URL, { behind = [] }: Detour, rules: OutboundRules): void {
  for (const address of behind) {
    const refusal = isIP(address) === 0 ? undefined : refusalOf(address, rules)
    if (refusal !== undefined) throw new Refused(`${hostname}: ${refusal}`)
  }
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

function answerOf(sent: Exchange, { headers: own, ...options }: Outgoing, signal: AbortSignal): Promise<Received> {
  const { target, method, headers, body, bodyMax } = sent
  return new Promise((resolve, reject) => {
    const send = target.protocol === 'https:' ? https.request : http.request
    const length = body === '' && method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) }
    const request = send({
      ...options,
      method,
      signal,
      headers: { ...own, ...credentials(target), ...headers, ...length, ...hostOf(sent) }
    })
    request.on('error', reject)
    request.on('response', (response) => collect(request, response, bodyMax).then(resolve, reject))
    request.end(body)
  })
}

function credentials(target: URL): Record<string, string> {
  const authorization = basicOf(target)
  return authorization === undefined ? {} : { authorization }
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
