// One request head: what routing asks about it, read from the scanner's registers while they are fresh, and the head that goes upstream,
// built by ranges: kept fields are copied as they came, in order and spelling. No header object is made.

import type { Decision, HeaderEdits } from '../route/decision.ts'
import { isGrpcType } from '../route/fault.ts'
import { normalizePath } from '../route/path.ts'
import type { RequestFacts } from '../route/request-facts.ts'
import type { Claims } from '../route/token-rule.ts'
import type { TokenFault } from '../route/tokens.ts'
import { addedLines, ownLine, takesAway } from './edited-lines.ts'
import {
  CONNECTION,
  DROP,
  EXPECT,
  EXTERNAL_ADDRESS,
  FORWARDED_FOR,
  FORWARDED_PROTO,
  HOST,
  NAMED,
  REQUEST_ID,
  TE,
  UPGRADE,
  fieldKind,
  head,
  nameEnd,
  nameStart,
  valueEnd,
  valueStart
} from './head.ts'
import { requestId as freshId, requestIdLine } from './request-ids.ts'

type Forward = Extract<Decision, { kind: 'forward' }>

/** What the head of a forwarded request depends on besides the request itself. */
export interface Forwarding {
  readonly decision: Forward
  readonly facts: RequestHead
  /** The first proxy in front of everything: it says who the client is. */
  readonly edge: boolean
  readonly clientAddress: string
  readonly upgrade: boolean
  /** The route's edits of this request. */
  readonly edits: HeaderEdits | undefined
  /** For a request that came without one. */
  readonly requestId?: string | undefined
}

/** The head read last, as routing sees it: valid until the next scan. */
export class RequestHead implements RequestFacts {
  method = ''
  path = ''
  authority = ''
  /** At an edge that of the connection; elsewhere what the one before says of its own (envoy.md 12.1). */
  scheme: 'http' | 'https' = 'http'
  /** The proxy is the first in front of everything: what a client says of proxies before it does not count. */
  edge = false
  /** Of the client's connection. */
  readonly remote: string
  readonly local: string
  /** The target named an authority, which overrules the Host field. */
  named = false
  /** It named it as a forward proxy is asked. */
  absolute = false
  /** What the tokens of the request tell: their claims, or what is wrong with them, and headers that it has in place of its own. */
  claims: Claims | undefined
  fault: TokenFault | undefined
  overrides: ReadonlyMap<string, string | undefined> | undefined
  // As they were received, kept for the next request, which often has the same.
  #target = ''
  #host = ''
  #bytes: Buffer = Buffer.alloc(0)
  #edgeLines: string | undefined
  // The field asked for last, when it is one line.
  #single = ''
  #line = ''
  // Undefined until somebody asks.
  #grpc: boolean | undefined

  constructor(remote: string, local: string) {
    this.remote = remote
    this.local = local
  }

  /** Takes the head from the registers; a reason when its target cannot be used. */
  read(bytes: Buffer): string | undefined {
    this.#bytes = bytes
    this.claims = undefined
    this.fault = undefined
    this.overrides = undefined
    this.absolute = false
    this.named = false
    this.#grpc = undefined
    this.#single = ''
    this.scheme = head.forwardedProto && this.header('x-forwarded-proto')?.toLowerCase() === 'https' ? 'https' : 'http'
    this.method = textOf(bytes, head.start, head.methodEnd, this.method)
    this.#target = textOf(bytes, head.targetStart, head.targetEnd, this.#target)
    this.path = this.#target
    const { host } = head
    if (host >= 0) this.#host = textOf(bytes, valueStart[host] as number, valueEnd[host] as number, this.#host)
    this.authority = host < 0 ? '' : this.#host
    if (bytes[head.targetStart] === 0x2f) return undefined
    if (this.path === '*') return this.method === 'OPTIONS' ? undefined : 'the target * is for OPTIONS'
    return this.#absoluteForm()
  }

  #absoluteForm(): string | undefined {
    const found = /^(https?):\/\/([^/?@]+)([/?].*)?$/i.exec(this.path)
    if (found === null) return 'not a request target'
    const [, scheme = '', authority = '', path = '/'] = found
    if (!/^[\w.\-[\]:]+$/.test(authority)) return 'not an authority'
    // A host of the mesh is reached by its rules, as in Envoy; nothing is passed on in plain text that asked for TLS.
    this.absolute = scheme.toLowerCase() === 'http'
    this.named = true
    this.authority = authority
    this.path = path.startsWith('/') ? path : `/${path}`
    return undefined
  }

  /** Looked at once: routing, timeouts and answers depend on it. */
  get grpc(): boolean {
    return (this.#grpc ??= this.#speaksGrpc())
  }

  #speaksGrpc(): boolean {
    return (head.contentType >= 0 || this.overrides !== undefined) && isGrpcType(this.header('content-type'))
  }

  /** The lines that an edge adds for its client, when nobody stands before it and no edits take any of them away. */
  edgeLines(clientAddress: string): string {
    return (this.#edgeLines ??= edgeLinesOf(clientAddress))
  }

  /** The request line is the same upstream but for this path: it may be copied as it came. */
  keepsLine(path: string): boolean {
    return path === this.#target && head.minor === 1
  }

  header(name: string): string | undefined {
    if (this.overrides?.has(name) === true) return this.overrides.get(name)
    if (this.edge && name === 'x-forwarded-proto') return this.scheme
    let joined: string | undefined
    this.#single = name
    for (let index = 0; index < head.fields; index++) {
      if (!this.#isNamed(index, name)) continue
      const value = this.#bytes.toString('latin1', valueStart[index], valueEnd[index])
      if (joined === undefined) joined = this.#line = value
      else {
        joined += (name === 'cookie' ? '; ' : ',') + value
        this.#single = ''
      }
    }
    if (joined === undefined) this.#single = ''
    return this.edge && name === 'x-forwarded-for' ? this.#forwarded(joined) : joined
  }

  lines(name: string): readonly string[] {
    if (this.overrides?.has(name) === true) return [this.overrides.get(name) ?? []].flat()
    if (this.edge && (name === 'x-forwarded-proto' || name === 'x-forwarded-for'))
      return [this.header(name)].filter((value) => value !== undefined)
    if (name === this.#single) return [this.#line]
    const found: string[] = []
    for (let index = 0; index < head.fields; index++) {
      if (this.#isNamed(index, name)) found.push(this.#bytes.toString('latin1', valueStart[index], valueEnd[index]))
    }
    return found
  }

  // The peer is added before rules are asked.
  #forwarded(before: string | undefined): string {
    const peer = this.remote.slice(0, this.remote.lastIndexOf(':')).replace(/^\[|\]$/g, '')
    return before === undefined ? peer : `${before},${peer}`
  }

  #isNamed(index: number, name: string): boolean {
    // The registers hold `head.fields` fields.
    const start = nameStart[index] as number
    if ((nameEnd[index] as number) - start !== name.length) return false
    for (let at = 0; at < name.length; at++) {
      const have = this.#bytes[start + at] as number
      const want = name.charCodeAt(at)
      if (have !== want && (want < 0x61 || want > 0x7a || (have | 0x20) !== want)) return false
    }
    return true
  }
}

/** The head to send upstream, without the attempt count and the blank line, from the registers. */
export function upstreamHead(bytes: Buffer, forwarding: Forwarding): string {
  const { decision, facts, edge, edits } = forwarding
  const newHost = facts.named || decision.authority !== facts.authority || head.host < 0
  const keepsLine = !newHost && facts.keepsLine(decision.path)
  let text = keepsLine ? '' : `${facts.method} ${decision.path} HTTP/1.1\r\n`
  if (newHost) text += `host: ${decision.authority}\r\n`
  text += keptFields(bytes, forwarding, newHost, keepsLine ? head.start : head.fieldsStart) + originalLines(decision, facts)
  text += edge ? edgeLines(bytes, forwarding) : head.forwardedProto ? '' : ownLine('x-forwarded-proto', 'http', edits)
  text += ownLines(forwarding)
  return edits === undefined ? text : text + addedLines(edits)
}

// A client outside of the mesh does not choose the id that its request has within (envoy.md 12.1).
function ownLines({ facts, edits, edge, requestId, upgrade }: Forwarding): string {
  let text = ''
  if (edge || head.requestId < 0) {
    text = edits === undefined && requestId === undefined ? requestIdLine() : ownLine('x-request-id', requestId ?? freshId(), edits)
  }
  if (upgrade) return `${text}connection: upgrade\r\n`
  return head.chunked || head.contentLength >= 0 || BODILESS.has(facts.method) ? text : `${text}content-length: 0\r\n`
}

// Methods whose requests have no body unless they say so: for others an absent body is told as an empty one, as Envoy does.
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT'])

/** The head of a request that goes nowhere, with the fields that the proxy adds, from the registers. */
export function receivedHead(bytes: Buffer, edge: boolean, clientAddress: string): string {
  const own = edge ? edgeLinesWith(forwardedBefore(bytes), clientAddress, undefined) : ''
  const id = edge || head.requestId < 0 ? requestIdLine() : ''
  // The proxy's fields come first: what they replace is behind them.
  return `${bytes.toString('latin1', head.start, head.fieldsStart)}${own}${id}${bytes.toString('latin1', head.fieldsStart, head.end - 2)}`
}

function originalLines(decision: Forward, facts: RequestHead): string {
  let text = ''
  if (decision.authority !== facts.authority) text += `x-envoy-original-host: ${facts.authority}\r\n`
  return decision.path === facts.path ? text : text + originalPath(decision, facts)
}

// A path that was only normalised is no other one.
function originalPath(decision: Forward, facts: RequestHead): string {
  const normal = normalizePath(facts.path) ?? facts.path
  return decision.path === normal ? '' : `x-envoy-original-path: ${normal}\r\n`
}

function edgeLines(bytes: Buffer, { facts, clientAddress, edits }: Forwarding): string {
  if (head.forwardedFor < 0 && edits === undefined) return facts.edgeLines(clientAddress)
  return edgeLinesWith(forwardedBefore(bytes), clientAddress, edits)
}

// Clients are often few addresses with many connections, which may all be idle: they share the lines.
const EDGE_LINES_MAX = 1024
const linesByAddress = new Map<string, string>()

function edgeLinesOf(clientAddress: string): string {
  const known = linesByAddress.get(clientAddress)
  if (known !== undefined) return known
  if (linesByAddress.size >= EDGE_LINES_MAX) linesByAddress.clear()
  const lines = edgeLinesWith('', clientAddress, undefined)
  linesByAddress.set(clientAddress, lines)
  return lines
}

function edgeLinesWith(before: string, clientAddress: string, edits: HeaderEdits | undefined): string {
  const lines = ownLine('x-forwarded-for', before + clientAddress, edits) + ownLine('x-forwarded-proto', 'http', edits)
  return lines + ownLine('x-envoy-external-address', clientAddress, edits)
}

// Several lines are one list, in their order.
function forwardedBefore(bytes: Buffer): string {
  if (head.forwardedFor < 0) return ''
  let text = ''
  for (let index = 0; index <= head.forwardedFor; index++) {
    if (fieldKind[index] === FORWARDED_FOR) text += `${bytes.toString('latin1', valueStart[index], valueEnd[index])},`
  }
  return text
}

// What is kept from the offset `first` on.
function keptFields(bytes: Buffer, forwarding: Forwarding, newHost: boolean, first: number): string {
  const { edits } = forwarding
  let text = ''
  let from = first
  for (let index = 0; index < head.fields; index++) {
    const kind = fieldKind[index] as number
    if (!isDropped(kind, forwarding, newHost)) {
      const overruled = edits !== undefined && kind !== HOST && takesAway(edits, lowerName(bytes, index))
      if (!overruled) continue
    }
    const start = nameStart[index] as number
    if (start > from) text += bytes.toString('latin1', from, start)
    from = index + 1 < head.fields ? (nameStart[index + 1] as number) : head.end - 2
  }
  return from < head.end - 2 ? text + bytes.toString('latin1', from, head.end - 2) : text
}

function isDropped(kind: number, forwarding: Forwarding, newHost: boolean): boolean {
  switch (kind) {
    case CONNECTION:
    case DROP:
    case NAMED:
    case EXPECT:
    case TE:
      return true
    case UPGRADE:
      return !forwarding.upgrade
    case HOST:
      return newHost
    case EXTERNAL_ADDRESS:
    case FORWARDED_FOR:
    case FORWARDED_PROTO:
    case REQUEST_ID:
      return forwarding.edge
    default:
      return false
  }
}

// The text of bytes [start, end): `before` itself where they spell it, whose hash is known and which costs nothing.
function textOf(bytes: Buffer, start: number, end: number, before: string): string {
  const { length } = before
  if (end - start !== length) return bytes.toString('latin1', start, end)
  for (let at = 0; at < length; at++) if (bytes[start + at] !== before.charCodeAt(at)) return bytes.toString('latin1', start, end)
  return before
}

/** The name of a field in lower case. */
export function lowerName(bytes: Buffer, index: number): string {
  return bytes.toString('latin1', nameStart[index], nameEnd[index]).toLowerCase()
}
