// Reads an envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, and the rate_limits of routes and hosts, as an EnvoyFilter has
// them (istio.md 4.2-4.3). Envoy's own validation is applied: what Envoy would refuse is a problem here too.

import { sameJson } from '../std/json.ts'
import { regexProblem } from '../api/istio-value-checks.ts'
import type {
  DescriptorAction,
  DescriptorEntry,
  DescriptorRule,
  HeaderAddition,
  LimitDescriptor,
  LocalLimit,
  TokenBucket
} from './local-limit.ts'
import { STATUS_CODES } from './envoy-status.ts'
import { readHeaderTest, readStringTest } from './envoy-matcher.ts'
import type { ProtoMessage } from './proto-json.ts'
import { breaksHead, octetsOf } from '../std/octets.ts'

/** The full name of the filter's configuration. */
export const LIMIT_TYPE = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit'

const STAGE_MAX = 10
const INTERVAL_MIN = 50
const DENOMINATORS = [
  ['HUNDRED', 0, 100],
  ['TEN_THOUSAND', 1, 10_000],
  ['MILLION', 2, 1_000_000]
] as const
const HOST_RULES = [
  ['OVERRIDE', 0, 'override'],
  ['INCLUDE', 1, 'include'],
  ['IGNORE', 2, 'ignore']
] as const
const APPEND_ACTIONS = [
  ['APPEND_IF_EXISTS_OR_ADD', 0, 'append'],
  ['ADD_IF_ABSENT', 1, 'add-if-absent'],
  ['OVERWRITE_IF_EXISTS_OR_ADD', 2, 'overwrite'],
  ['OVERWRITE_IF_EXISTS', 3, 'overwrite-if-exists']
] as const
const ANNOUNCED = [
  ['OFF', 0, false],
  ['DRAFT_VERSION_03', 1, true]
] as const

/** The limit; what is wrong with it goes to the problems of `message`. `level` route: a bucket is required. */
export function readLocalLimit(message: ProtoMessage, level: 'listener' | 'route'): LocalLimit {
  const bucket = readBucket(message)
  if (level === 'route' && bucket === undefined) message.reject('token_bucket', 'is required on a route or virtual host')
  const limit: LocalLimit = {
    statPrefix: needed(message, 'stat_prefix'),
    bucket,
    enabled: readShare(message, 'filter_enabled'),
    enforced: readShare(message, 'filter_enforced'),
    status: readStatus(message),
    grpcStatus: message.flag('rate_limited_as_resource_exhausted') ? 8 : 14,
    response: readAdditions(message, 'response_headers_to_add'),
    request: readAdditions(message, 'request_headers_to_add_when_not_enforced'),
    descriptors: readDescriptors(message),
    rules: readRules(message, 'rate_limits'),
    stage: readStage(message),
    hostRules: message.choice('vh_rate_limits', HOST_RULES) ?? 'override',
    perConnection: message.flag('local_rate_limit_per_downstream_connection'),
    alwaysDefault: message.flag('always_consume_default_token_bucket', true),
    announced: message.choice('enable_x_ratelimit_headers', ANNOUNCED) ?? false,
    dynamicMax: message.whole('max_dynamic_descriptors') ?? 20
  }
  message.finish()
  return limit
}

/** Statuses below 400 would be no refusal: 429. */
function readStatus(parent: ProtoMessage): number {
  const status = parent.message('status')
  const code = status?.choice('code', STATUS_CODES) ?? 0
  status?.finish()
  return code < 400 ? 429 : code
}

function readBucket(parent: ProtoMessage): TokenBucket | undefined {
  const bucket = parent.message('token_bucket')
  if (bucket === undefined) return undefined
  const max = bucket.whole('max_tokens') ?? 0
  const perFill = bucket.whole('tokens_per_fill') ?? 1
  const interval = bucket.duration('fill_interval') ?? 0
  if (max === 0) bucket.reject('max_tokens', 'must be greater than 0')
  if (perFill === 0) bucket.reject('tokens_per_fill', 'must be greater than 0')
  if (interval < INTERVAL_MIN) bucket.reject('fill_interval', 'must be at least 0.050s')
  bucket.finish()
  return { max, perFill, interval }
}

/** A RuntimeFractionalPercent as a share of 1; absent: 0. There is no runtime to overrule it. */
function readShare(parent: ProtoMessage, field: string): number {
  const share = parent.message(field)
  if (share === undefined) return 0
  share.text('runtime_key')
  const value = share.message('default_value')
  if (value === undefined) share.reject('default_value', 'is required')
  const numerator = value?.whole('numerator') ?? 0
  const denominator = value?.choice('denominator', DENOMINATORS) ?? 100
  value?.finish()
  share.finish()
  return Math.min(1, numerator / denominator)
}

function readStage(parent: ProtoMessage): number {
  const stage = parent.whole('stage') ?? 0
  if (stage > STAGE_MAX) parent.reject('stage', `is more than ${STAGE_MAX}`)
  return stage
}

function readDescriptors(parent: ProtoMessage): LimitDescriptor[] {
  const found: LimitDescriptor[] = []
  for (const message of parent.messages('descriptors')) {
    const entries = message.messages('entries').map(readEntry)
    if (entries.length === 0) message.reject('entries', 'is required')
    const bucket = readBucket(message)
    if (bucket === undefined) message.reject('token_bucket', 'is required')
    message.finish()
    if (found.some((other) => sameJson(other.entries, entries))) message.reject('', 'is there twice')
    if (bucket !== undefined) found.push({ entries, bucket })
  }
  return found
}

function readEntry(message: ProtoMessage): DescriptorEntry {
  const key = message.text('key') ?? ''
  if (key === '') message.reject('key', 'is required')
  const value = message.text('value') ?? ''
  message.finish()
  return { key, value }
}

/** A list of HeaderValueOption. */
export function readAdditions(parent: ProtoMessage, field: string): HeaderAddition[] {
  return parent.messages(field).map((message) => {
    const header = message.message('header')
    const name = (header?.text('key') ?? '').toLowerCase()
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) message.reject('header', 'has no usable key')
    const value = plainValue(message, header?.text('value') ?? '')
    header?.finish()
    const append = message.boolean('append')
    const action = message.choice('append_action', APPEND_ACTIONS)
    message.finish()
    return { name, value, action: append === undefined ? (action ?? 'append') : append ? 'append' : 'overwrite' }
  })
}

/** Values are taken as they stand; Envoy would fill in commands such as %START_TIME%. */
function plainValue(message: ProtoMessage, value: string): string {
  if (breaksHead(value)) message.reject('header', 'has a value with a line break')
  if (value.replaceAll('%%', '').includes('%')) message.reject('header', 'has a value with a command (%...%), which is not filled in here')
  return octetsOf(value.replaceAll('%%', '%'))
}

/** The rate_limits of a route, a host or a limit. */
export function readRules(parent: ProtoMessage, field: string): DescriptorRule[] {
  return parent.messages(field).flatMap((message) => {
    const stage = readStage(message)
    const disabled = (message.text('disable_key') ?? '') !== ''
    const actions = message.messages('actions')
    if (actions.length === 0) message.reject('actions', 'is required')
    const read = actions.map(readAction)
    message.finish()
    // A rule that may be turned off at run time is skipped by local limits.
    return disabled ? [] : [{ stage, actions: read.filter((action) => action !== undefined) }]
  })
}

type ActionReader = (message: ProtoMessage) => DescriptorAction

const ACTIONS: Readonly<Record<string, ActionReader>> = {
  generic_key: (message) => ({
    kind: 'generic-key',
    key: given(message.text('descriptor_key')) ?? 'generic_key',
    value: needed(message, 'descriptor_value')
  }),
  request_headers: (message) => ({
    kind: 'request-header',
    header: needed(message, 'header_name').toLowerCase(),
    key: needed(message, 'descriptor_key'),
    skipAbsent: message.flag('skip_if_absent')
  }),
  query_parameters: (message) => ({
    kind: 'query-parameter',
    parameter: needed(message, 'query_parameter_name'),
    key: needed(message, 'descriptor_key'),
    skipAbsent: message.flag('skip_if_absent')
  }),
  remote_address: () => ({ kind: 'remote-address', key: 'remote_address' }),
  destination_cluster: () => ({ kind: 'destination-cluster', key: 'destination_cluster' }),
  header_value_match: (message) => ({
    kind: 'header-match',
    key: given(message.text('descriptor_key')) ?? 'header_match',
    value: needed(message, 'descriptor_value'),
    expect: message.flag('expect_match', true),
    tests: someOf(message, 'headers').map(readHeaderTest)
  }),
  query_parameter_value_match: (message) => ({
    kind: 'query-match',
    key: given(message.text('descriptor_key')) ?? 'query_match',
    value: needed(message, 'descriptor_value'),
    expect: message.flag('expect_match', true),
    tests: someOf(message, 'query_parameters').map((inner) => {
      const name = needed(inner, 'name')
      const text = inner.message('string_match')
      const present = inner.boolean('present_match')
      if (present === false) inner.reject('present_match', 'false is not known here')
      const test = text === undefined ? ({ kind: 'present' } as const) : readStringTest(text)
      inner.finish()
      return { name, test }
    })
  })
}

function readAction(message: ProtoMessage): DescriptorAction | undefined {
  const kind = Object.keys(ACTIONS).find((name) => message.has(name))
  const read = kind === undefined ? undefined : ACTIONS[kind]
  const inner = kind === undefined ? undefined : message.message(kind)
  const action = inner === undefined ? undefined : read?.(inner)
  inner?.finish()
  message.finish()
  if (action === undefined) message.reject('', 'is not an action that is known here')
  if (action !== undefined && 'tests' in action) checkRegexes(action, message)
  return action
}

function checkRegexes({ tests }: Extract<DescriptorAction, { readonly tests: unknown }>, message: ProtoMessage): void {
  for (const { test } of tests) {
    const problem = test.kind === 'regex' ? regexProblem(test.value) : undefined
    if (problem !== undefined) message.reject('', `has an expression that RE2 refuses: ${problem}`)
  }
}

function needed(message: ProtoMessage, field: string): string {
  const value = message.text(field) ?? ''
  if (value === '') message.reject(field, 'is required')
  return value
}

function someOf(message: ProtoMessage, field: string): ProtoMessage[] {
  const found = message.messages(field)
  if (found.length === 0) message.reject(field, 'is required')
  return found
}

function given(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
