import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FactName, FormatFacts } from './format-facts.ts'
import { formatText, formatValue, isConstant, parseFormat } from './format.ts'
import type { Format } from './format.ts'

const REQUEST: Readonly<Record<string, string>> = {
  ':path': '/a/b?q=1&empty=&q=2&flag',
  ':method': 'GET',
  'user-agent': 'curl/8.1',
  'x-envoy-original-path': '/old?x',
  'content-type': 'application/grpc+proto'
}
const FACTS: Partial<Record<FactName, string | number>> = {
  RESPONSE_CODE: 0,
  RESPONSE_FLAGS: 'URX,UF',
  UPSTREAM_HOST: '192.0.2.12:8080',
  DOWNSTREAM_REMOTE_ADDRESS: '[::1]:5000',
  DURATION: 12
}

const facts: FormatFacts = {
  start: Date.UTC(2026, 10, 21, 9, 5, 7, 42),
  now: Date.UTC(2026, 10, 21, 9, 5, 8),
  zone: 60,
  header: (of, name) => (of === 'request' ? REQUEST[name] : of === 'trailers' && name === 'grpc-status' ? '4' : undefined),
  fact: (name) => FACTS[name],
  environment: (name) => (name === 'HOME' ? '/home/me' : undefined),
  metadata: (path) => (path.join('/') === 'f/k' ? 'v' : path[0] === 'g' ? { a: [1] } : undefined)
}

function formatOf(text: string): Format {
  const format = parseFormat(text)
  if ('problem' in format) throw new Error(format.problem)
  return format
}

const show = (text: string, absent: '' | '-' = ''): string => formatText(formatOf(text), facts, absent)

test.each([
  ['', ''],
  ['100%%', '100%'],
  ['%%REQ(x)%%', '%REQ(x)%'],
  ['a-%REQ(x-none)%-b', 'a--b'],
  ['%REQ(User-Agent)%', 'curl/8.1'],
  ['%REQ(x-none?user-agent)%', 'curl/8.1'],
  ['%REQ(user-agent):4%', 'curl'],
  ['%REQ(:method)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%', 'GET /old?x'],
  ['%REQ_WITHOUT_QUERY(:path)%', '/a/b'],
  ['%PATH(NQ)%|%PATH%|%PATH(WQ:PATH):4%|%PATH(NQ:ORIG)%', '/old|/old?x|/a/b|/old'],
  ['%QUERY_PARAM(q)%|%QUERY_PARAM(empty)%|%QUERY_PARAM(flag)%|%QUERY_PARAM(z)%', '1|||'],
  ['%START_TIME%|%EMIT_TIME(%s)%|%START_TIME_LOCAL(%H%z)%', '2026-11-21T09:05:07.042Z|1795251908|10+0100'],
  ['%START_TIME(T%%)%', 'T%'],
  ['%START_TIME(word)%%START_TIME(%s.%3f)%', 'word1795251907.042'],
  ['%RESPONSE_CODE%', '0'],
  ['%RESPONSE_FLAGS%|%RESPONSE_FLAGS_LONG%', 'URX,UF|UpstreamRetryLimitExceeded,UpstreamConnectionFailure'],
  ['%UPSTREAM_HOST%|%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%UPSTREAM_REMOTE_PORT%', '192.0.2.12:8080|192.0.2.12|8080'],
  ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%DOWNSTREAM_REMOTE_PORT%', '::1|5000'],
  ['%ENVIRONMENT(HOME)%|%ENVIRONMENT(HOME):5%|%ENVIRONMENT(NOPE)%', '/home/me|/home|'],
  ['%DYNAMIC_METADATA(f:k)%|%DYNAMIC_METADATA(g)%|%DYNAMIC_METADATA(["f","k"])%', 'v|{"a":[1]}|v'],
  ['%GRPC_STATUS%|%GRPC_STATUS(SNAKE_STRING)%|%GRPC_STATUS_NUMBER%', 'DeadlineExceeded|DEADLINE_EXCEEDED|4'],
  ['%DOWNSTREAM_PEER_CERT_V_START%|%DOWNSTREAM_PEER_URI_SAN%|%REQUESTED_SERVER_NAME%', '||'],
  ['%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ms)%|%COMMON_DURATION(US_CX_BEG:US_CX_END:us)%', '12|'],
  ['%UPSTREAM_WIRE_BYTES_SENT%', '0']
])('%s prints %s', (text, expected) => {
  expect(show(text)).toBe(expected)
})

test('a log prints a dash for what is unavailable', () => {
  expect(show('"%REQ(x-none)%" %UPSTREAM_CLUSTER% %DOWNSTREAM_PEER_CERT%', '-')).toBe('"-" - -')
})

test('a JSON value has the type of its only command, and null for nothing', () => {
  const values = ['%DURATION%', '%REQ(x-none)%', '%REQ(user-agent)%', 'in %DURATION% ms', '%REQ(x)% %REQ(y)%', 'fixed', '']
  expect(values.map((text) => formatValue(formatOf(text), facts))).toEqual([12, null, 'curl/8.1', 'in 12 ms', '- -', 'fixed', ''])
})

test.each([
  ['%NOT_A_COMMAND%', 'not a command'],
  ['%req(x)%', 'no command begins at character 1'],
  ['a%', 'no command begins at character 2'],
  ['%REQ%', 'needs an argument'],
  ['%REQ()%', 'needs an argument'],
  ['%REQ(a?b?c)%', 'more than one alternative'],
  ['%PROTOCOL(x)%', 'takes no arguments'],
  ['%PROTOCOL:5%', 'cannot be cut'],
  ['%START_TIME(%n)%', 'line feed'],
  ['%DOWNSTREAM_PEER_CERT_V_END(%n)%', 'line feed'],
  ['%COMMON_DURATION(A:B:ms)%', 'points in time'],
  ['%COMMON_DURATION(DS_RX_BEG:DS_TX_END:s)%', 'precisions'],
  ['%PATH(ALL)%', 'choice of paths'],
  ['%toString%', 'no command begins']
])('Envoy refuses %s: %s', (text, problem) => {
  expect(parseFormat(text)).toEqual({ problem: expect.stringContaining(problem) })
})

test('no text can do worse than be refused, and what is taken prints', () => {
  const piece = fc.constantFrom(
    '%',
    '(',
    ')',
    ':',
    '?',
    'REQ',
    'START_TIME',
    'PATH',
    'COMMON_DURATION',
    'a',
    '9',
    '"',
    '[',
    ']',
    ' ',
    'ü',
    '\n'
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const format = parseFormat(pieces.join(''))
      return 'problem' in format ? format.problem !== '' : typeof formatText(format, facts, '-') === 'string'
    }),
    { seed: 5, numRuns: 5000 }
  )
})

test('only literals make a constant', () => {
  expect([isConstant(formatOf('100%%')), isConstant(formatOf('')), isConstant(formatOf('%PROTOCOL%'))]).toEqual([true, true, false])
})

test('literals are bytes of UTF-8: none of them can become a line feed', () => {
  expect(show('é\u010a')).toBe('\u00c3\u00a9\u00c4\u008a')
})

test('a format survives its way to a worker', () => {
  const format = formatOf('a%%%REQ(x?y):3% %START_TIME(%s.%3f)% %DYNAMIC_METADATA(a:b)%')
  expect(JSON.parse(JSON.stringify(format))).toEqual(format)
})

test('literals around commands come out as written, percent signs escaped', () => {
  const piece = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.constantFrom('%', '%%', '(', ')', ':'))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const escaped = pieces.map((each) => each.replaceAll('%', '%%'))
      expect(show(escaped.join('%DURATION%'))).toBe(pieces.join('12'))
    }),
    { seed: 11, numRuns: 1000 }
  )
})
