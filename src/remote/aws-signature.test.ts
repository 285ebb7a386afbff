// Vectors of AWS' Signature Version 4 test suite: names, requests and signatures are its own.

import { expect, test } from 'vitest'
import { type AwsRequest, signedHeaders } from './aws-signature.ts'

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: undefined }
const SCOPE = { region: 'us-east-1', service: 'service', at: Date.UTC(2015, 7, 30, 12, 36, 0) }
const ORIGIN = 'https://example.amazonaws.com'

const request = (method: 'GET' | 'POST', path = '/', headers: Record<string, string> = {}, body = ''): AwsRequest => ({
  method,
  url: new URL(`${ORIGIN}${path}`),
  headers,
  body
})

test.each<readonly [string, AwsRequest, string]>([
  ['get-vanilla', request('GET'), '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-vanilla-query-order-key-case',
    request('GET', '/?Param2=value2&Param1=value1'),
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'
  ],
  ['post-vanilla', request('POST'), '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-key-sort',
    request('POST', '/', { 'My-Header1': 'value1' }),
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c'
  ],
  [
    'post-x-www-form-urlencoded',
    request('POST', '/', { 'Content-Type': 'application/x-www-form-urlencoded' }, 'Param1=value1'),
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a'
  ]
])('%s', (_, given, signature) => {
  const names = ['host', 'x-amz-date', ...Object.keys(given.headers).map((name) => name.toLowerCase())].sort().join(';')
  expect(signedHeaders(given, KEYS, SCOPE)['authorization']).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`
  )
})

test('a session token is sent and signed', () => {
  const headers = signedHeaders(request('POST'), { ...KEYS, sessionToken: 'token' }, SCOPE)
  expect(headers).toMatchObject({ 'x-amz-security-token': 'token', 'x-amz-date': '20150830T123600Z' })
  expect(headers['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token')
})
