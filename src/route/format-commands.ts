// Every command of Envoy's format strings (1.40): which arguments it takes and what it asks for. Those that a mesh without TLS between
// peers can never answer are known, and print what Envoy prints for something unavailable.

import type { FactName, HeaderSource } from './format-facts.ts'
import { timePattern, writesLineFeed } from './format-time.ts'
import type { TimePattern } from './format-time.ts'

/** One command, ready to be evaluated; plain data, so that it travels in a RouteTable. */
export type Command =
  /** `part` of an address: all of it, or what is before or after its last colon. */
  | { readonly kind: 'fact'; readonly name: FactName; readonly part?: 'host' | 'port' }
  | { readonly kind: 'header'; readonly of: HeaderSource; readonly names: readonly string[]; readonly max?: number; readonly cut?: 'query' }
  /** Without a pattern ISO 8601. */
  | { readonly kind: 'time'; readonly of: 'start' | 'now'; readonly zone: 'utc' | 'local'; readonly pattern?: TimePattern }
  | { readonly kind: 'environment'; readonly name: string; readonly max?: number }
  | { readonly kind: 'metadata'; readonly path: readonly string[]; readonly max?: number }
  | { readonly kind: 'query'; readonly name: string; readonly max?: number }
  /** The path as it was asked for, or as it is sent; with the query or without. */
  | { readonly kind: 'path'; readonly query: boolean; readonly original: 'first' | 'only' | 'never'; readonly max?: number }
  | { readonly kind: 'grpc-status'; readonly as: 'camel' | 'snake' | 'number' }
  | { readonly kind: 'flags-long' }
  | { readonly kind: 'zero' }
  | { readonly kind: 'nothing' }

/** What stood between the percent signs. */
export interface CommandText {
  readonly name: string
  /** undefined: no parentheses. */
  readonly args: string | undefined
  /** The N of `:N`. */
  readonly max: number | undefined
}

/** The command, or what Envoy would refuse it for. */
export function readCommand(text: CommandText): Command | string {
  const { name, args = '', max } = text
  const spec = COMMANDS.get(name)
  if (spec === undefined) return `%${name}% is not a command that Envoy knows`
  if (spec.args === 'none' && text.args !== undefined) return `%${name}% takes no arguments`
  if (spec.args === 'required' && args === '') return `%${name}% needs an argument in parentheses`
  if (max !== undefined && !spec.cuts) return `%${name}% cannot be cut to a length`
  return spec.make(args, max)
}

interface Spec {
  readonly args: 'none' | 'optional' | 'required'
  /** A length `:N` is allowed. */
  readonly cuts: boolean
  readonly make: (args: string, max: number | undefined) => Command | string
}

function plain(command: Command): Spec {
  return { args: 'none', cuts: false, make: () => command }
}

function header(of: HeaderSource, cut?: 'query'): Spec {
  const make = (args: string, max: number | undefined): Command | string => {
    const names = args.split('?').map((name) => name.toLowerCase())
    if (names.length > 2) return `"${args}" names more than one alternative header`
    if (/[\r\n\0]/.test(args)) return `"${args}" is not a header name`
    return { kind: 'header', of, names, ...limit(max), ...(cut === undefined ? {} : { cut }) }
  }
  return { args: 'required', cuts: true, make }
}

function limit(max: number | undefined): { readonly max?: number } {
  return max === undefined ? {} : { max }
}

function time(of: 'start' | 'now', zone: 'utc' | 'local'): Spec {
  const make = (args: string): Command | string => {
    if (writesLineFeed(args)) return `the time format "${args}" contains a line feed`
    return { kind: 'time', of, zone, ...(args === '' ? {} : { pattern: timePattern(args) }) }
  }
  return { args: 'optional', cuts: false, make }
}

/** `A:B:C`, or in the older notation of header values `["A","B","C"]`. */
function pathOf(args: string): string[] {
  const listed = /^\s*\[(.*)\]\s*$/s.exec(args)?.[1]
  return listed === undefined ? args.split(':') : [...listed.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part = '']) => part)
}

const POINTS = new Set('DS_RX_BEG DS_RX_END US_CX_BEG US_CX_END US_HS_END US_TX_BEG US_TX_END US_RX_BEG US_RX_END DS_TX_END'.split(' '))
/** The spans between Envoy's points in time that have a command of their own; other spans are not measured. */
const SPANS: Readonly<Record<string, FactName>> = {
  'DS_RX_BEG:DS_TX_END': 'DURATION',
  'DS_RX_BEG:DS_RX_END': 'REQUEST_DURATION',
  'DS_RX_BEG:US_TX_END': 'REQUEST_TX_DURATION',
  'DS_RX_BEG:US_RX_BEG': 'RESPONSE_DURATION',
  'US_RX_BEG:DS_TX_END': 'RESPONSE_TX_DURATION'
}

function span(args: string): Command | string {
  const [from = '', to = '', precision = ''] = args.split(':')
  if (!POINTS.has(from) && !POINTS.has(to)) return `"${args}" names no points in time`
  if (!['ms', 'us', 'ns'].includes(precision)) return `"${precision}" is not one of the precisions ms, us and ns`
  const name = SPANS[`${from}:${to}`]
  return name === undefined || precision !== 'ms' ? { kind: 'nothing' } : { kind: 'fact', name }
}

function path(args: string, max: number | undefined): Command | string {
  const [query = 'WQ', original = 'ORIG_OR_PATH'] = args === '' ? [] : args.split(':')
  const originals = { ORIG: 'only', PATH: 'never', ORIG_OR_PATH: 'first' } as const
  if ((query !== 'WQ' && query !== 'NQ') || !Object.hasOwn(originals, original)) return `"${args}" is not a choice of paths`
  // hasOwn has just said so.
  return { kind: 'path', query: query === 'WQ', original: originals[original as keyof typeof originals], ...limit(max) }
}

function grpc(args: string): Command {
  return { kind: 'grpc-status', as: args === 'SNAKE_STRING' ? 'snake' : args === 'NUMBER' ? 'number' : 'camel' }
}

const FACTS: readonly FactName[] = [
  'ACCESS_LOG_TYPE',
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'CONNECTION_ID',
  'CONNECTION_TERMINATION_DETAILS',
  'DURATION',
  'HOSTNAME',
  'LOCAL_REPLY_BODY',
  'PROTOCOL',
  'REQUESTED_SERVER_NAME',
  'REQUEST_DURATION',
  'REQUEST_TX_DURATION',
  'RESPONSE_CODE',
  'RESPONSE_DURATION',
  'RESPONSE_FLAGS',
  'RESPONSE_TX_DURATION',
  'ROUTE_NAME',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_CLUSTER_RAW',
  'UPSTREAM_HOST',
  'UPSTREAM_PROTOCOL',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'UPSTREAM_TRANSPORT_FAILURE_REASON'
]

const ADDRESSES: readonly (readonly [command: string, fact: FactName])[] = [
  ['DOWNSTREAM_DIRECT_REMOTE', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS'],
  ['DOWNSTREAM_LOCAL', 'DOWNSTREAM_LOCAL_ADDRESS'],
  ['DOWNSTREAM_REMOTE', 'DOWNSTREAM_REMOTE_ADDRESS'],
  ['UPSTREAM_LOCAL', 'UPSTREAM_LOCAL_ADDRESS'],
  // The address connected to is the endpoint's.
  ['UPSTREAM_REMOTE', 'UPSTREAM_HOST']
]

/** Of TLS between peers, of HTTP/3, and of filters that are not here. */
const NOTHING =
  'DOWNSTREAM_HANDSHAKE_DURATION DOWNSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_LOCAL_DNS_SAN DOWNSTREAM_LOCAL_EMAIL_SAN ' +
  'DOWNSTREAM_LOCAL_IP_SAN DOWNSTREAM_LOCAL_OTHERNAME_SAN DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN DOWNSTREAM_PEER_CERT ' +
  'DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1 DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256 DOWNSTREAM_PEER_CHAIN_SERIALS DOWNSTREAM_PEER_DNS_SAN ' +
  'DOWNSTREAM_PEER_EMAIL_SAN DOWNSTREAM_PEER_FINGERPRINT_1 DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_IP_SAN ' +
  'DOWNSTREAM_PEER_ISSUER DOWNSTREAM_PEER_OTHERNAME_SAN DOWNSTREAM_PEER_SERIAL DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_PEER_URI_SAN ' +
  'DOWNSTREAM_TLS_CIPHER DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TLS_VERSION DOWNSTREAM_TRANSPORT_FAILURE_REASON ' +
  'DOWNSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_LOCAL_CLOSE_REASON FILTER_CHAIN_NAME ' +
  'ROUNDTRIP_DURATION SPAN_ID STREAM_ID TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT TRACE_ID UPSTREAM_CONNECTION_POOL_READY_DURATION ' +
  'UPSTREAM_LOCAL_DNS_SAN UPSTREAM_LOCAL_IP_SAN UPSTREAM_LOCAL_URI_SAN UPSTREAM_PEER_CERT UPSTREAM_PEER_DNS_SAN UPSTREAM_PEER_IP_SAN ' +
  'UPSTREAM_PEER_ISSUER UPSTREAM_PEER_SUBJECT UPSTREAM_PEER_URI_SAN UPSTREAM_TLS_CIPHER UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_VERSION ' +
  'VIRTUAL_CLUSTER_NAME CUSTOM_FLAGS UNIQUE_ID'
/** Instants of certificates: they take a pattern, which is checked. */
const CERTIFICATE_TIMES = ['DOWNSTREAM_PEER_CERT', 'UPSTREAM_PEER_CERT'].flatMap((peer) => [`${peer}_V_START`, `${peer}_V_END`])
/** Counts of bytes and packets that are not kept: Envoy prints 0 for what it does not count. */
const ZEROS =
  'BYTES_RETRANSMITTED PACKETS_RETRANSMITTED REQUEST_HEADERS_BYTES RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES UPSTREAM_CONNECTION_ID ' +
  ['UPSTREAM', 'DOWNSTREAM']
    .flatMap((side) =>
      ['WIRE', 'HEADER', 'DECOMPRESSED_HEADER'].flatMap((what) => [`${side}_${what}_BYTES_SENT`, `${side}_${what}_BYTES_RECEIVED`])
    )
    .join(' ')

const COMMANDS: ReadonlyMap<string, Spec> = new Map<string, Spec>([
  ...FACTS.map((name) => [name, plain({ kind: 'fact', name })] as const),
  ...NOTHING.split(' ').map((name) => [name, plain({ kind: 'nothing' })] as const),
  ...ZEROS.split(' ').map((name) => [name, plain({ kind: 'zero' })] as const),
  ...CERTIFICATE_TIMES.map((name) => [name, { args: 'optional', cuts: false, make: certificateTime }] as const),
  ...ADDRESSES.flatMap(
    ([prefix, name]) =>
      [
        [`${prefix}_ADDRESS`, plain({ kind: 'fact', name })],
        [`${prefix}_ADDRESS_WITHOUT_PORT`, plain({ kind: 'fact', name, part: 'host' })],
        [`${prefix}_PORT`, plain({ kind: 'fact', name, part: 'port' })]
      ] as const
  ),
  ['DOWNSTREAM_DIRECT_LOCAL_ADDRESS', plain({ kind: 'fact', name: 'DOWNSTREAM_LOCAL_ADDRESS' })],
  ['UPSTREAM_HOST_NAME', plain({ kind: 'fact', name: 'UPSTREAM_HOST' })],
  ['UPSTREAM_HOST_NAME_WITHOUT_PORT', plain({ kind: 'fact', name: 'UPSTREAM_HOST', part: 'host' })],
  ['RESPONSE_CODE_DETAILS', { args: 'optional', cuts: false, make: () => ({ kind: 'fact', name: 'RESPONSE_CODE_DETAILS' }) }],
  ['RESPONSE_FLAGS_LONG', plain({ kind: 'flags-long' })],
  ['START_TIME', time('start', 'utc')],
  ['START_TIME_LOCAL', time('start', 'local')],
  ['EMIT_TIME', time('now', 'utc')],
  ['EMIT_TIME_LOCAL', time('now', 'local')],
  ['COMMON_DURATION', { args: 'required', cuts: false, make: span }],
  ['REQ', header('request')],
  ['STREAM_INFO_REQ', header('request')],
  ['REQ_WITHOUT_QUERY', header('request', 'query')],
  ['RESP', header('response')],
  ['TRAILER', header('trailers')],
  ['ENVIRONMENT', { args: 'required', cuts: true, make: (name, max) => ({ kind: 'environment', name, ...limit(max) }) }],
  ['DYNAMIC_METADATA', { args: 'required', cuts: true, make: (args, max) => ({ kind: 'metadata', path: pathOf(args), ...limit(max) }) }],
  ['QUERY_PARAM', { args: 'required', cuts: true, make: (name, max) => ({ kind: 'query', name, ...limit(max) }) }],
  ['PATH', { args: 'optional', cuts: true, make: path }],
  ['GRPC_STATUS', { args: 'optional', cuts: false, make: grpc }],
  ['GRPC_STATUS_NUMBER', plain({ kind: 'grpc-status', as: 'number' })],
  // What these name does not exist here; Istio writes none of it.
  ...['CLUSTER_METADATA', 'UPSTREAM_METADATA', 'FILTER_STATE', 'UPSTREAM_FILTER_STATE', 'PER_REQUEST_STATE', 'METADATA', 'CEL'].map(
    (name) => [name, { args: 'required', cuts: true, make: (): Command => ({ kind: 'nothing' }) }] as const
  )
])

function certificateTime(args: string): Command | string {
  return writesLineFeed(args) ? `the time format "${args}" contains a line feed` : { kind: 'nothing' }
}
