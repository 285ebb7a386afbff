import { expect, test } from 'vitest'
import { refuseListOptions } from './list-options.ts'

// as kube-apiserver 1.36.3 answered
test.each([
  ['list', 'sendInitialEvents=false', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
  [
    'list',
    'resourceVersionMatch=Exact',
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'
  ],
  [
    'list',
    'resourceVersion=0&resourceVersionMatch=Exact',
    'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
  ],
  [
    'list',
    'resourceVersion=5&resourceVersionMatch=Nope',
    'resourceVersionMatch: Unsupported value: "Nope": supported values: "Exact", "NotOlderThan", ""'
  ],
  [
    'list',
    'resourceVersion=5&resourceVersionMatch=NotOlderThan&continue=abc',
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'
  ],
  [
    'watch',
    'sendInitialEvents=true&resourceVersionMatch=Exact',
    '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, ' +
      'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]'
  ],
  [
    'watch',
    'sendInitialEvents=false',
    'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'
  ],
  [
    'watch',
    'resourceVersionMatch=NotOlderThan',
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'
  ]
] as const)('a %s with %s is refused', (verb, query, words) => {
  const message = `ListOptions.meta.k8s.io "" is invalid: ${words}`
  expect(refuseListOptions(verb, new URLSearchParams(query))).toMatchObject({ code: 422, reason: 'Invalid', message })
})

test.each([
  ['list', ''],
  ['list', 'resourceVersion=0&resourceVersionMatch=NotOlderThan'],
  ['list', 'resourceVersion=5&resourceVersionMatch=Exact&limit=3'],
  ['watch', 'resourceVersion=0'],
  ['watch', 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan']
] as const)('a %s with %s is served', (verb, query) => {
  expect(refuseListOptions(verb, new URLSearchParams(query))).toBeUndefined()
})
