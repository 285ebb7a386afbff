// What Istio said of the configurations in ../shared/data/observed-istio, through `serin lint`: refused for the same reason, warned of the same
// thing, or taken.

import { expect, test } from 'vitest'
import { findingsIn, linesOf, readCases, refusalsIn, warningsIn } from '../../test/lint-cases.ts'

interface ObservedCase {
  readonly id: string
  readonly config: string
  readonly istioError?: string
  readonly istioWarnings?: readonly string[]
}

// the shape is given in the README of the data
const cases = readCases('observed-istio/cases.json') as readonly ObservedCase[]

/** Sentences for which ours differ. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  'rewrite must specify at least one of URI, UriRegexRewrite, or authority. Only one of URI or UriRegexRewrite may be specified':
    'rewrite must specify at least one of URI, UriRegexRewrite, or authority',
  // The CRD of Istio 1.30 has no prefixRewrite: without it nothing is left of the redirect.
  'redirect prefix_rewrite requires all URI matches to use prefix match type': 'redirect must specify URI, authority, scheme, or port',
  // The schema says it before Istio does.
  'destination is required': 'spec.http[0].route[0].destination: Required value',
  'duration must be greater than 1ms': 'spec.http[0].timeout: Invalid value: "0.5ms": must be a valid duration greater than 1ms'
}

/** Istio's sentence without what every one of its kind has. */
function reasonIn(sentence: string): string {
  const text = sentence.replace(/^configuration is invalid: (?:1 error occurred:\n\* )?/, '').replace(/; Istio uses RE2 style.*/, '')
  return OWN_WORDS[text] ?? text
}

/** Istio's warning; that a match or a rule is not used is said in our own words. */
function warningIn(text: string): string {
  return text.includes('not used') ? ': never ' : text
}

test('there are cases of every sort', () => {
  expect(cases.filter(({ istioError }) => istioError !== undefined).length).toBeGreaterThan(30)
  expect(cases.filter(({ istioWarnings }) => istioWarnings !== undefined).length).toBeGreaterThan(10)
})

for (const { id, config, istioError, istioWarnings } of cases) {
  if (istioError !== undefined) {
    test(`observed ${id}: refused for Istio's reason`, () => {
      expect(linesOf(refusalsIn(findingsIn(config)))).toContain(reasonIn(istioError))
    })
  }
  if (istioWarnings !== undefined) {
    test(`observed ${id}: taken with Istio's warning`, () => {
      const found = findingsIn(config)
      expect(linesOf(refusalsIn(found))).toBe('')
      for (const warning of istioWarnings) {
        const [, object = '', text = ''] = /^(\w+ \S+): (.*)$/s.exec(warning) ?? []
        const own = warningsIn(found).filter(({ object: at }) => `${at?.kind} ${at?.namespace}/${at?.name}` === object)
        expect(linesOf(own)).toContain(warningIn(text))
      }
    })
  }
}

/** Its field is newer than the CRD of Istio 1.30. */
const NEWER = ['redirect-prefix']

test('observed: every other configuration is taken', () => {
  const others = cases.filter(({ id, istioError }) => istioError === undefined && !NEWER.includes(id))
  expect(others.flatMap(({ id, config }) => refusalsIn(findingsIn(config)).map((each) => `${id}: ${linesOf([each])}`))).toEqual([])
})
