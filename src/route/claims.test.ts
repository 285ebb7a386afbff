import { expect, test } from 'vitest'
import { claimPath, claimTexts } from './claims.ts'

test.each([
  ['@request.auth.claims.group', ['group']],
  ['@Request.Auth.Claims.group', ['group']],
  ['@request.auth.claims.org.tier.level', ['org', 'tier', 'level']],
  ['@request.auth.claims[my.claim]', ['my.claim']],
  ['@request.auth.claims[org][https://x.y/z]', ['org', 'https://x.y/z']],
  ['@request.auth.claims', undefined],
  ['@request.auth.claims.', undefined],
  ['@request.auth.claims[]', undefined],
  ['@request.auth.claims[a].b', undefined],
  ['@request.auth.claims[a', undefined],
  ['x-group', undefined]
])('%s', (name, path) => {
  expect(claimPath(name)).toEqual(path)
})

const CLAIMS = { group: 'vip', roles: ['dev', 7, 'admin'], level: 3, beta: true, org: { name: 'acme' }, nothing: null }

test.each([
  [['group'], ['vip']],
  [['roles'], ['dev', 'admin']],
  [['org', 'name'], ['acme']],
  [['level'], []],
  [['beta'], []],
  [['nothing'], []],
  [['org'], []],
  [['group', 'x'], []],
  [['absent'], []],
  [['constructor', 'name'], []]
])('the texts of %j', (path, texts) => {
  expect(claimTexts(CLAIMS, path)).toEqual(texts)
  expect(claimTexts(undefined, path)).toEqual([])
})
