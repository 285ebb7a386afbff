import { expect, test } from 'vitest'
import { isKeySetUri } from './key-set-uri.ts'

test.each([
  ['file:///tmp/keys.json', true],
  ['file://server/keys.json', false],
  ['http://127.0.0.1:8080/keys', true],
  ['http://127.9.9.9/keys', true],
  ['http://localhost/keys', true],
  ['https://[::1]/keys', true],
  ['https://issuer.example.com/keys', false],
  ['http://127.0.0.1.example.com/keys', false],
  ['http://user@localhost.example.com/', false],
  ['http://2130706433/keys', true],
  ['ftp://localhost/keys', false],
  ['keys.json', false]
])('%s: %s', (uri, fetched) => {
  expect(isKeySetUri(uri)).toBe(fetched)
})
