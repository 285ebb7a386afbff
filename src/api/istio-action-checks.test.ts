import { expect, test } from 'vitest'
import { ruleFaults } from '../../test/istio-faults.ts'
import {
  checkCors,
  checkDirectResponse,
  checkFault,
  checkMirrors,
  checkRedirect,
  checkRetries,
  checkRewrite,
  GRPC_STATUSES
} from './istio-action-checks.ts'

const TO = 'route: [{destination: {host: b}}]'
const said = (rule: string): string[] => ruleFaults(`{${rule}, ${TO}}`)

test.each([
  ['corsPolicy: {allowOrigins: [{exact: "*"}], allowMethods: [GET, "*"], allowHeaders: ["*", x-a], maxAge: 24h}', []],
  ['corsPolicy: {allowOrigins: [{}]}', ['corsPolicy.allowOrigins[0]']],
  ['corsPolicy: {allowOrigins: [{regex: "("}]}', ['corsPolicy.allowOrigins[0].regex']],
  ['corsPolicy: {allowMethods: [get], exposeHeaders: [a b]}', ['corsPolicy.allowMethods[0]', 'corsPolicy.exposeHeaders[0]']],
  ['corsPolicy: {maxAge: 1500ms}', ['corsPolicy.maxAge']],
  ['fault: {abort: {httpStatus: 600, percentage: {value: 0.0001}}, delay: {fixedDelay: 5s, percent: 100}}', []],
  ['fault: {abort: {grpcStatus: unavailable}}', ['fault.abort.grpcStatus']],
  ['fault: {abort: {http2Error: x}}', ['fault.abort.http2Error']],
  ['fault: {delay: {exponentialDelay: 1s}}', ['fault.delay.exponentialDelay']],
  ['fault: {delay: {fixedDelay: 0s, percent: 101}}', ['fault.delay.percent', 'fault.delay.fixedDelay']],
  ['retries: {attempts: 2, retryOn: "5xx,429,reset"}', []],
  ['retries: {attempts: 2, retryOn: "5xx, reset,,999"}', ['retries.retryOn', 'retries.retryOn', 'retries.retryOn']],
  ['retries: {attempts: 0, retryOn: 5xx}', ['retries']],
  ['retries: {attempts: -1, perTryTimeout: 0.5ms, backoff: x}', ['retries.attempts', 'retries.perTryTimeout', 'retries.backoff']],
  ['rewrite: {uriRegexRewrite: {match: "^/a", rewrite: /b}}', []],
  ['rewrite: {uriRegexRewrite: {match: "("}}', ['rewrite.uriRegexRewrite']],
  ['rewrite: {uriRegexRewrite: {match: "(", rewrite: x}}', ['rewrite.uriRegexRewrite.match']],
  ['mirrors: [{destination: {host: b}, percentage: {value: 100.1}}]', ['mirrors[0].percentage']],
  ['mirror: {host: b}, mirrorPercentage: {value: -1}', ['mirrorPercentage']]
])('%s has errors at %o', (rule, paths) => {
  expect(said(rule).map((line) => line.replace(/^error (.*?): .*$/s, '$1'))).toEqual(paths)
})

test('what works but should be written otherwise is a warning', () => {
  expect(said('mirror: {host: b}, mirrorPercent: 50')).toEqual([
    'warning mirrorPercent: using deprecated setting "mirrorPercent", use "mirrorPercentage" instead'
  ])
  expect(said('fault: {abort: {percentage: {value: 5}}}')).toEqual([
    'warning fault.abort: abort fault injection without an error type is ignored'
  ])
})

test('redirects go somewhere, with a code of the 3xx', () => {
  const faults = (redirect: string): number => ruleFaults(`{redirect: ${redirect}}`).length
  expect(['{uri: /x}', '{port: 81}', '{derivePort: FROM_REQUEST_PORT}', '{scheme: https, redirectCode: 399}'].map(faults)).toEqual([
    0, 0, 0, 0
  ])
  expect(['{}', '{uri: /x, redirectCode: 200}', '{scheme: ftp}', '{port: 0}'].map(faults)).toEqual([1, 1, 1, 1])
})

test('a large answer is a warning, a too large one is refused; bytes are counted as they are sent', () => {
  const of = (size: number): string[] =>
    checkDirectResponse({ status: 200, body: { string: 'a'.repeat(size) } }, 'p').map(({ severity }) => severity)
  expect([100 * 1024, 100 * 1024 + 1, 1024 * 1024, 1024 * 1024 + 1].map(of)).toEqual([[], ['warning'], ['warning'], ['error']])
  const bytes = 'QUFB'.repeat((100 * 1024) / 3 + 2)
  expect(checkDirectResponse({ status: 200, body: { bytes } }, 'p')).toMatchObject([{ severity: 'warning' }])
})

test('what is not set has no faults', () => {
  expect(
    [checkCors, checkFault, checkRetries, checkRewrite, checkRedirect, checkDirectResponse].flatMap((check) => check(undefined, 'p'))
  ).toEqual([])
  expect(checkMirrors({}, 'p')).toEqual([])
  expect(GRPC_STATUSES.indexOf('UNAVAILABLE')).toBe(14)
})
