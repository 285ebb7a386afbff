import { describe, expect, test } from 'vitest'
import { UNSET_LIMIT } from '../../test/local-limit.ts'
import { readLocalLimit, readRules } from './envoy-limit.ts'
import type { DescriptorRule, LocalLimit } from './local-limit.ts'
import { ProtoMessage } from './proto-json.ts'
import type { ProtoProblem } from './proto-json.ts'

const BUCKET = { max_tokens: 10, tokens_per_fill: 5, fill_interval: '60s' }

interface Read<T> {
  readonly got: T
  readonly problems: string[]
}

function limitOf(value: object, level: 'listener' | 'route' = 'listener'): Read<LocalLimit> {
  const problems: ProtoProblem[] = []
  const got = readLocalLimit(new ProtoMessage({ stat_prefix: 'p', ...value }, 'value', problems), level)
  return { got, problems: problems.map(({ path, text }) => `${path} ${text}`) }
}

function rulesOf(actions: readonly object[], rest: object = {}): Read<DescriptorRule[]> {
  const problems: ProtoProblem[] = []
  const got = readRules(new ProtoMessage({ rate_limits: [{ actions, ...rest }] }, 'value', problems), 'rate_limits')
  return { got, problems: problems.map(({ path, text }) => `${path} ${text}`) }
}

test('with its prefix alone it looks at nothing', () => {
  expect(limitOf({})).toEqual({ got: UNSET_LIMIT, problems: [] })
})

test('everything it may say, in snake_case and in camelCase', () => {
  const snake = {
    token_bucket: BUCKET,
    filter_enabled: { runtime_key: 'k', default_value: { numerator: 100 } },
    filter_enforced: { default_value: { numerator: 25, denominator: 'TEN_THOUSAND' } },
    status: { code: 'ServiceUnavailable' },
    rate_limited_as_resource_exhausted: true,
    response_headers_to_add: [{ append_action: 'OVERWRITE_IF_EXISTS_OR_ADD', header: { key: 'X-Limited', value: '100%%' } }],
    request_headers_to_add_when_not_enforced: [{ header: { key: 'x-over', value: 'true' }, append: false }],
    descriptors: [{ entries: [{ key: 'plan', value: 'gold' }, { key: 'user' }], token_bucket: BUCKET }],
    rate_limits: [{ actions: [{ remote_address: {} }] }],
    stage: 2,
    vh_rate_limits: 'INCLUDE',
    local_rate_limit_per_downstream_connection: true,
    always_consume_default_token_bucket: false,
    enable_x_ratelimit_headers: 1,
    max_dynamic_descriptors: 5
  }
  const bucket = { max: 10, perFill: 5, interval: 60_000 }
  const wanted = {
    statPrefix: 'p',
    bucket,
    enabled: 1,
    enforced: 0.0025,
    status: 503,
    grpcStatus: 8,
    response: [{ name: 'x-limited', value: '100%', action: 'overwrite' }],
    request: [{ name: 'x-over', value: 'true', action: 'overwrite' }],
    descriptors: [
      {
        entries: [
          { key: 'plan', value: 'gold' },
          { key: 'user', value: '' }
        ],
        bucket
      }
    ],
    rules: [{ stage: 0, actions: [{ kind: 'remote-address', key: 'remote_address' }] }],
    stage: 2,
    hostRules: 'include',
    perConnection: true,
    alwaysDefault: false,
    announced: true,
    dynamicMax: 5
  }
  expect(limitOf(snake)).toEqual({ got: wanted, problems: [] })
  const camel = JSON.parse(
    JSON.stringify(snake).replaceAll(
      /"([a-z]+(?:_[a-z]+)+)":/g,
      (_, name: string) => `"${name.replaceAll(/_([a-z])/g, (__, letter: string) => letter.toUpperCase())}":`
    )
  ) as object
  expect(JSON.stringify(camel)).toContain('"tokenBucket"')
  expect(limitOf(camel)).toEqual({ got: wanted, problems: [] })
})

test.each([
  ['OK', 429],
  [399, 429],
  [302, 429],
  ['BadRequest', 400],
  [503, 503]
])('status %s becomes %d', (code, status) => {
  const { got, problems } = limitOf({ status: { code } })
  expect(code === 399 ? problems.length : problems).toEqual(code === 399 ? 1 : [])
  expect(got.status).toBe(status)
})

test('tokens_per_fill is 1 when it is not given, shares end at 1', () => {
  const { got } = limitOf({
    token_bucket: { max_tokens: 3, fill_interval: '0.05s' },
    filter_enabled: { default_value: { numerator: 300, denominator: 0 } }
  })
  expect(got).toMatchObject({ bucket: { max: 3, perFill: 1, interval: 50 }, enabled: 1 })
})

describe('what Envoy refuses, and what is not known here, is named', () => {
  test.each([
    [{ stat_prefix: '' }, 'value.stat_prefix is required'],
    [{ token_bucket: { ...BUCKET, max_tokens: 0 } }, 'value.token_bucket.max_tokens must be greater than 0'],
    [{ token_bucket: { ...BUCKET, fill_interval: '0.049s' } }, 'value.token_bucket.fill_interval must be at least 0.050s'],
    [{ token_bucket: { ...BUCKET, tokens_per_fill: 0 } }, 'value.token_bucket.tokens_per_fill must be greater than 0'],
    [{ filter_enabled: { runtime_key: 'k' } }, 'value.filter_enabled.default_value is required'],
    [{ stage: 11 }, 'value.stage is more than 10'],
    [{ descriptors: [{ token_bucket: BUCKET }] }, 'value.descriptors[0].entries is required'],
    [{ descriptors: [{ entries: [{ key: 'a' }] }] }, 'value.descriptors[0].token_bucket is required'],
    [
      {
        descriptors: [
          { entries: [{ key: 'a' }], token_bucket: BUCKET },
          { entries: [{ key: 'a' }], token_bucket: BUCKET }
        ]
      },
      'value.descriptors[1] is there twice'
    ],
    [{ local_cluster_rate_limit: {} }, 'value.local_cluster_rate_limit is not known here'],
    [{ response_headers_to_add: [{ header: { key: 'a b', value: '' } }] }, 'value.response_headers_to_add[0].header has no usable key'],
    [
      { response_headers_to_add: [{ header: { key: 'a', value: '%START_TIME%' } }] },
      'value.response_headers_to_add[0].header has a value with a command (%...%), which is not filled in here'
    ],
    [
      { response_headers_to_add: [{ header: { key: 'a', value: 'x\r\ny: z' } }] },
      'value.response_headers_to_add[0].header has a value with a line break'
    ]
  ])('%j', (value, problem) => {
    expect(limitOf(value).problems).toEqual([problem])
  })

  test('a bucket is required on routes', () => {
    expect(limitOf({}, 'route').problems).toEqual(['value.token_bucket is required on a route or virtual host'])
  })
})

describe('actions', () => {
  test.each([
    [{ generic_key: { descriptor_value: 'v' } }, { kind: 'generic-key', key: 'generic_key', value: 'v' }],
    [{ genericKey: { descriptorKey: 'k', descriptorValue: 'v' } }, { kind: 'generic-key', key: 'k', value: 'v' }],
    [
      { request_headers: { header_name: 'X-Plan', descriptor_key: 'plan' } },
      { kind: 'request-header', header: 'x-plan', key: 'plan', skipAbsent: false }
    ],
    [
      { query_parameters: { query_parameter_name: 'Page', descriptor_key: 'p', skip_if_absent: true } },
      { kind: 'query-parameter', parameter: 'Page', key: 'p', skipAbsent: true }
    ],
    [{ remote_address: {} }, { kind: 'remote-address', key: 'remote_address' }],
    [{ destination_cluster: {} }, { kind: 'destination-cluster', key: 'destination_cluster' }],
    [
      { header_value_match: { descriptor_value: 'v', expect_match: false, headers: [{ name: 'a' }] } },
      {
        kind: 'header-match',
        key: 'header_match',
        value: 'v',
        expect: false,
        tests: [{ name: 'a', invert: false, test: { kind: 'present' } }]
      }
    ],
    [
      { query_parameter_value_match: { descriptor_value: 'v', query_parameters: [{ name: 'a', string_match: { exact: '1' } }] } },
      { kind: 'query-match', key: 'query_match', value: 'v', expect: true, tests: [{ name: 'a', test: { kind: 'exact', value: '1' } }] }
    ]
  ])('%j', (action, wanted) => {
    expect(rulesOf([action])).toEqual({ got: [{ stage: 0, actions: [wanted] }], problems: [] })
  })

  test.each([[{ metadata: {} }], [{ source_cluster: {} }], [{ masked_remote_address: {} }], [{ extension: {} }]])(
    '%j is named',
    (action) => {
      expect(rulesOf([action]).problems).toContain('value.rate_limits[0].actions[0] is not an action that is known here')
    }
  )

  test('an expression that RE2 refuses is named', () => {
    const headers = [{ name: 'a', safe_regex_match: { regex: '(' } }]
    expect(rulesOf([{ header_value_match: { descriptor_value: 'v', headers } }]).problems[0]).toContain('an expression that RE2 refuses')
  })

  test('a rule with a disable_key is skipped, as local limits do', () => {
    expect(rulesOf([{ remote_address: {} }], { disable_key: 'off' })).toEqual({ got: [], problems: [] })
  })

  test('a limit that metadata overrules is named', () => {
    expect(rulesOf([{ remote_address: {} }], { limit: {} }).problems).toEqual(['value.rate_limits[0].limit is not known here'])
  })
})
