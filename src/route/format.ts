// Envoy's format strings (istio.md 5, envoy.md 15): one parser and one evaluator for header values and access logs. Parsed once, when
// rules are compiled; evaluated against the facts of a request. Strings of a request are latin1: a character is a byte.

import { readCommand } from './format-commands.ts'
import type { Command } from './format-commands.ts'
import type { FormatFacts } from './format-facts.ts'
import { formatTime, isoTime } from './format-time.ts'
import { octetsOf } from '../std/octets.ts'

/** A format string cut into literals and commands; plain data. */
export type Format = readonly (string | Command)[]

/** A value of a JSON log entry; null where it is unavailable. */
export type FormatValue = string | number | null

/** The format of a text, or what Envoy refuses it for. `%%` is a percent sign. */
export function parseFormat(written: string): Format | { readonly problem: string } {
  const text = octetsOf(written)
  const parts: (string | Command)[] = []
  let literal = ''
  let at = 0
  while (at < text.length) {
    const percent = text.indexOf('%', at)
    if (percent < 0) break
    literal += text.slice(at, percent)
    if (text[percent + 1] === '%') {
      literal += '%'
      at = percent + 2
      continue
    }
    COMMAND.lastIndex = percent
    const found = COMMAND.exec(text)
    if (found === null) return { problem: `no command begins at character ${percent + 1} of "${written}"` }
    const [whole, name = '', args, max] = found
    const command = readCommand({ name, args, max: max === undefined ? undefined : Number(max) })
    if (typeof command === 'string') return { problem: command }
    if (literal !== '') parts.push(literal)
    literal = ''
    parts.push(command)
    at = percent + whole.length
  }
  literal += text.slice(at)
  if (literal !== '') parts.push(literal)
  return parts
}

const COMMAND = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/sy

/** True when a format is the same for every request. */
export function isConstant(format: Format): boolean {
  return format.every((part) => typeof part === 'string')
}

/** The text of a format; `absent` stands for each command that has no value: empty in headers, a dash in logs. */
export function formatText(format: Format, facts: FormatFacts, absent: '' | '-'): string {
  let text = ''
  for (const part of format) text += typeof part === 'string' ? part : (commandValue(part, facts) ?? absent)
  return text
}

/** A format of one command keeps the type of its value; any other is a text with dashes for what is unavailable. */
export function formatValue(format: Format, facts: FormatFacts): FormatValue {
  const [only] = format
  if (format.length === 1 && only !== undefined && typeof only !== 'string') return commandValue(only, facts) ?? null
  return formatText(format, facts, '-')
}

/** The value of one command; undefined where it is unavailable. */
export function commandValue(command: Command, facts: FormatFacts): string | number | undefined {
  switch (command.kind) {
    case 'fact':
      return factOf(command, facts)
    case 'header':
      return headerOf(command, facts)
    case 'time':
      return timeOf(command, facts)
    case 'environment':
      return cut(facts.environment(command.name), command.max)
    case 'metadata':
      return cut(plainText(facts.metadata(command.path)), command.max)
    case 'query':
      return cut(queryOf(facts.header('request', ':path') ?? '', command.name), command.max)
    case 'path':
      return pathOf(command, facts)
    case 'grpc-status':
      return grpcOf(command.as, facts)
    case 'flags-long':
      return longFlags(facts.fact('RESPONSE_FLAGS'))
    case 'zero':
      return 0
    case 'nothing':
      return undefined
  }
}

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>

function factOf({ name, part }: Of<'fact'>, facts: FormatFacts): string | number | undefined {
  const value = facts.fact(name)
  if (part === undefined || typeof value !== 'string') return value
  const colon = value.lastIndexOf(':')
  if (part === 'port') return colon < 0 ? undefined : Number(value.slice(colon + 1))
  const host = colon < 0 ? value : value.slice(0, colon)
  return host.startsWith('[') ? host.slice(1, -1) : host
}

function headerOf(command: Of<'header'>, facts: FormatFacts): string | undefined {
  for (const name of command.names) {
    const value = facts.header(command.of, name)
    if (value !== undefined) return cut(command.cut === undefined ? value : withoutQuery(value), command.max)
  }
  return undefined
}

function timeOf({ of, zone, pattern }: Of<'time'>, facts: FormatFacts): string {
  const at = of === 'start' ? facts.start : facts.now
  if (pattern !== undefined) return formatTime(pattern, at, zone === 'local' ? facts.zone : 0)
  return isoTime(at)
}

function pathOf({ query, original, max }: Of<'path'>, facts: FormatFacts): string | undefined {
  const first = original === 'never' ? undefined : facts.header('request', 'x-envoy-original-path')
  const value = first ?? (original === 'only' ? undefined : facts.header('request', ':path'))
  return cut(value === undefined || query ? value : withoutQuery(value), max)
}

function withoutQuery(path: string): string {
  const mark = path.indexOf('?')
  return mark < 0 ? path : path.slice(0, mark)
}

function queryOf(path: string, name: string): string | undefined {
  const mark = path.indexOf('?')
  if (mark < 0) return undefined
  const pair = path
    .slice(mark + 1)
    .split('&')
    .find((each) => each === name || each.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}

function cut(value: string | undefined, max: number | undefined): string | undefined {
  return value === undefined || max === undefined ? value : value.slice(0, max)
}

function plainText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const GRPC: readonly string[] = (
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition ' +
  'Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'
).split(' ')

/** Of gRPC requests only; the trailers' word counts before the headers'. */
function grpcOf(as: 'camel' | 'snake' | 'number', facts: FormatFacts): string | number | undefined {
  if (facts.header('request', 'content-type')?.startsWith('application/grpc') !== true) return undefined
  const text = facts.header('trailers', 'grpc-status') ?? facts.header('response', 'grpc-status')
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined
  const code = Number(text)
  if (as === 'number') return code
  const name = GRPC[code] ?? String(code)
  return as === 'camel' ? name : snakeCase(name)
}

function snakeCase(name: string): string {
  return SNAKE_EXCEPTIONS[name] ?? name.replaceAll(/(?!^)[A-Z]/g, '_$&').toUpperCase()
}

const SNAKE_EXCEPTIONS: Readonly<Record<string, string>> = { OK: 'OK', Canceled: 'CANCELLED' }

const LONG_FLAGS: Readonly<Record<string, string>> = {
  LH: 'FailedLocalHealthCheck',
  UH: 'NoHealthyUpstream',
  UT: 'UpstreamRequestTimeout',
  LR: 'LocalReset',
  UR: 'UpstreamRemoteReset',
  UF: 'UpstreamConnectionFailure',
  UC: 'UpstreamConnectionTermination',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  RLSE: 'RateLimitServiceError',
  DC: 'DownstreamConnectionTermination',
  URX: 'UpstreamRetryLimitExceeded',
  SI: 'StreamIdleTimeout',
  IH: 'InvalidEnvoyRequestHeaders',
  DPE: 'DownstreamProtocolError',
  UMSDR: 'UpstreamMaxStreamDurationReached',
  DT: 'DurationTimeout',
  UPE: 'UpstreamProtocolError',
  NC: 'NoClusterFound',
  OM: 'OverloadManagerTerminated',
  DF: 'DnsResolutionFailed',
  DO: 'DropOverload',
  DR: 'DownstreamRemoteReset',
  UDO: 'UnconditionalDropOverload'
}

function longFlags(flags: string | number | undefined): string {
  return String(flags ?? '-')
    .split(',')
    .map((flag) => LONG_FLAGS[flag] ?? flag)
    .join(',')
}
