import { expect, test } from 'vitest'
import type { Tally } from './demo-ledger.ts'
import { type Facts, summaryOf } from './demo-story.ts'

const TALLY: Tally = { ended: 1000, answered: 1000, good: 980, failedBy: new Map([['1.2', 20]]), lost: new Map() }
const FACTS: Facts = {
  good: { kind: 'promoted', after: 41_000 },
  bad: { kind: 'rolled back', after: 21_000 },
  sentence: '1.2 rolled back after 20 s.',
  primary: { version: '1.1', share: 100 },
  tally: TALLY,
  report: { sent: 1000, unsent: 1 },
  gateway: { requests: 1000, failed: 20 }
}

test('when all happened as it should, the summary has no problem', () => {
  const whole = {
    promotedAfter: 41_000,
    rolledBackAfter: 21_000,
    sentence: FACTS.sentence,
    requests: 1000,
    failedByBadRelease: 20,
    lost: 0,
    problems: []
  }
  expect(summaryOf(FACTS)).toEqual(whole)
  // Somebody else's requests through the same gateway.
  expect(summaryOf({ ...FACTS, gateway: { requests: 1100, failed: 25 } })).toEqual(whole)
})

test.each<[string, Partial<Facts>, readonly string[]]>([
  ['good rolled back', { good: { kind: 'rolled back', after: 1 }, bad: undefined }, ['the good release was rolled back']],
  ['good stuck', { good: { kind: 'unfinished', because: 'so' }, bad: undefined }, ['the good release did not end: so']],
  ['bad promoted', { bad: { kind: 'promoted', after: 1 } }, ['the bad release was promoted']],
  ['traffic not back', { primary: { version: '1.1', share: 90 } }, ['at the end version 1.1 serves 90 % as the primary, not 1.1 all']],
  ['wrong primary', { primary: { version: '1.2', share: 100 } }, ['at the end version 1.2 serves 100 % as the primary, not 1.1 all']],
  [
    'no harm done',
    { tally: { ...TALLY, failedBy: new Map() }, gateway: { requests: 1000, failed: 0 } },
    ['the bad release failed no request']
  ],
  ['ends missing', { report: { sent: 1002, unsent: 0 } }, ['1002 requests were sent, but 1000 ended']],
  ['mesh counts less', { gateway: { requests: 999, failed: 20 } }, ['1000 requests were answered, but the mesh counted 999']],
  ['mesh counts fewer failures', { gateway: { requests: 1000, failed: 19 } }, ['20 requests failed, but the mesh counted 19']],
  [
    'no connection free',
    { report: { sent: 1000, unsent: 500 } },
    ['500 requests could not be sent: all connections were waiting for answers']
  ]
])('%s is a problem', (_, over, problems) => {
  expect(summaryOf({ ...FACTS, ...over }).problems).toEqual(problems)
})

test('requests without an answer and failures of the good versions are lost', () => {
  const tally: Tally = {
    ...TALLY,
    answered: 998,
    good: 977,
    failedBy: new Map([
      ['1.2', 20],
      ['1.1', 1]
    ]),
    lost: new Map([['no answer (ECONNRESET)', 2]])
  }
  expect(summaryOf({ ...FACTS, tally, gateway: { requests: 998, failed: 21 } })).toMatchObject({
    lost: 3,
    failedByBadRelease: 20,
    problems: ['2 requests lost: no answer (ECONNRESET)', '1 requests failed by version 1.1, which should fail none']
  })
})
