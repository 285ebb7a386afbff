import { expect, test } from 'vitest'
import { type Answer, askProvider, NOW, serveProvider } from '../../test/provider-server.ts'

const at = NOW / 1000
const vector = (...samples: readonly string[]): Answer => ({
  json: { status: 'success', data: { resultType: 'vector', result: samples.map((value) => ({ metric: {}, value: [at, value] })) } }
})
const data = (resultType: string, result: unknown): Answer => ({ json: { status: 'success', data: { resultType, result } } })

test('one instant query, with its whitespace collapsed and spaces as +', async () => {
  const { address, seen } = await serveProvider(() => vector('99.5'))
  expect(await askProvider({ type: 'prometheus', address: `${address}/select/0/` }, ' sum(\n  x{a="b+c"}\n) ')).toEqual({
    kind: 'value',
    value: 99.5
  })
  expect(seen[0]).toMatchObject({ method: 'GET', path: '/select/0/api/v1/query', parameters: { query: 'sum( x{a="b+c"} )' } })
})

test.each<readonly [string, Answer, unknown]>([
  ['the last of several samples', vector('1', '2'), { kind: 'value', value: 2 }],
  ['no sample', vector(), { kind: 'no-data' }],
  ['NaN, for who judges it', vector('NaN'), { kind: 'value', value: NaN }],
  ['+Inf, likewise', vector('+Inf'), { kind: 'value', value: Infinity }],
  ['text that is no number', vector('many'), { kind: 'no-data' }],
  ['a scalar', data('scalar', [at, '7']), { kind: 'value', value: 7 }],
  ['an old sample', data('vector', [{ value: [at - 600, '1'] }]), { kind: 'no-data', because: 'the newest value is 600 s old' }],
  ['a matrix', data('matrix', []), { kind: 'misconfigured', because: expect.stringContaining('a range of values') }],
  ['a string', data('string', [at, 'x']), { kind: 'misconfigured', because: expect.stringContaining('gives a string') }],
  ['an error with 200', { json: { status: 'error', error: 'boom' } }, { kind: 'down', because: 'prometheus says boom' }],
  [
    'an error',
    { status: 400, json: { status: 'error', error: 'parse error' } },
    { kind: 'down', because: expect.stringMatching(/answers 400: parse error$/) }
  ],
  [
    '500 with text',
    { status: 500, text: 'out of\n memory' },
    { kind: 'down', because: expect.stringMatching(/answers 500: out of memory$/) }
  ],
  ['HTML', { text: '<html>login</html>' }, { kind: 'down', because: expect.stringContaining('does not answer with JSON') }],
  ['JSON of another kind', { json: [1] }, { kind: 'down', because: 'prometheus says nothing of a result' }]
])('%s', async (_, answer, reading) => {
  const { address } = await serveProvider(() => answer)
  expect(await askProvider({ type: 'prometheus', address }, 'x')).toEqual(reading)
})

test('a token, or else a name with a password, and further headers are sent; the Secret wins over an Authorization among them', async () => {
  const { address, seen } = await serveProvider(() => vector('1'))
  const headers = { 'X-Scope-OrgID': ['a', 'b'], Authorization: ['Bearer other'] }
  await askProvider({ type: 'prometheus', address, headers }, 'x', { credentials: { token: 'abcd', username: 'u', password: 'p' } })
  await askProvider({ type: 'prometheus', address, headers }, 'x', { credentials: { username: 'u', password: 'p' } })
  await askProvider({ type: 'prometheus', address, headers }, 'x')
  expect(seen.map((request) => request.headers.authorization)).toEqual(['Bearer abcd', `Basic ${btoa('u:p')}`, 'Bearer other'])
  expect(seen[0]?.headers['x-scope-orgid']).toBe('a, b')
})

test('what a provider repeats of its credentials is not told', async () => {
  const { address } = await serveProvider(({ headers }) => ({ status: 403, json: { error: `no such token ${headers.authorization}` } }))
  const reading = await askProvider({ type: 'prometheus', address }, 'x', { credentials: { token: 'secret-token' } })
  expect(reading).toMatchObject({ kind: 'down', because: expect.stringContaining('no such token Bearer ***') })
})

test.each([
  [undefined, 'provider.address is missing'],
  ['prometheus', 'provider.address is not a URL'],
  ['file:///etc/passwd', 'file: is not called: only http and https are'],
  ['http://169.254.169.254/', '169.254.169.254 is a link-local or metadata address, which is not called']
])('the address %s cannot be asked', async (address, because) => {
  expect(await askProvider({ type: 'prometheus', ...(address === undefined ? {} : { address }) }, 'x')).toEqual({
    kind: 'misconfigured',
    because
  })
})

test('nobody there is down', async () => {
  expect(await askProvider({ type: 'prometheus', address: 'http://127.0.0.1:1' }, 'x')).toMatchObject({ kind: 'down' })
})
