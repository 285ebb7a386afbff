import { expect, test } from 'vitest'
import { checkHeaderName, checkHeaders, checkHeaderValue, checkMatchedHeader, isHeaderName } from './istio-header-checks.ts'

test('a trailing percent sign is called what it is', () => {
  expect(checkHeaderValue('50%', 'p')).toMatchObject([{ code: 'bad-header-value', message: expect.stringContaining('Un-escaped %') }])
  expect(checkHeaderValue('100%%', 'p')).toEqual([])
})

test('names in matches may begin with a colon, if HTTP/2 has them', () => {
  expect([':path', ':status', 'x-a'].flatMap((name) => checkMatchedHeader(name, 'p'))).toEqual([])
  expect([':x', 'a b', ''].map((name) => checkMatchedHeader(name, 'p').length)).toEqual([1, 1, 1])
  expect(checkHeaderName('', 'p')[0]?.message).toBe('header name cannot be empty')
  expect(['a', 'a:b', 'ä'].map(isHeaderName)).toEqual([true, false, false])
})

test('requests may write the host, but not remove it; answers may do neither', () => {
  const written = { request: { set: { Host: 'a' }, add: { ':authority': 'b' } } }
  expect(checkHeaders(written, 'p')).toEqual([])
  const wrong = {
    request: { remove: ['host', ':path'], set: { ':path': '/' } },
    response: { add: { host: 'a', '': 'b' }, remove: [':status'] }
  }
  expect(checkHeaders(wrong, 'p').map(({ path }) => path)).toEqual([
    'p.request.set[":path"]',
    'p.request.remove[0]',
    'p.request.remove[1]',
    'p.response.add["host"]',
    'p.response.add[""]',
    'p.response.remove[0]'
  ])
})
