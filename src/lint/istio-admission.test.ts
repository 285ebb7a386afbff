// The verdicts of Istio's own admission check (../shared/data/virtualservices) through `serin lint`: what Istio refuses is an error IST0106, what it
// warns of is a warning with one of its codes, and what it takes is neither.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataPath } from '../../test/data.ts'
import { findingsIn, linesOf, readCases, refusalsIn, warningsIn } from '../../test/lint-cases.ts'

interface AdmissionCase {
  readonly id: string
  readonly valid: boolean
  readonly warning?: boolean
  readonly error?: string
  readonly manifest: unknown
}

// the shape is given in the README of the data
const cases = readCases('virtualservices/admission-cases.json') as readonly AdmissionCase[]

/** Where the finding differs on purpose. */
const DELIBERATE: Readonly<Record<string, string>> = {
  'TlsOptions: simple more than 2 certs':
    "the schema of Istio's own CRD refuses a third certificate, so the check that takes it is never asked",
  'ServiceEntries: partial wildcard hosts': "a rule of Istio's own CRD refuses an empty list of endpoints with resolution NONE",
  'VirtualService: uri-with-prefix-exact':
    'the second match is never reached, and that is said; Istio does not look behind a prefix at an exact path'
}

test('the cases are there, and deliberate differences are named', ({ task }) => {
  task.meta.deliberate = Object.entries(DELIBERATE).map(([id, why]) => ({ id, why }))
  expect(cases.length).toBeGreaterThan(200)
  for (const id of Object.keys(DELIBERATE)) expect(cases.map((each) => each.id)).toContain(id)
})

/** Refused, taken, or taken with a warning; a case does not say more than Istio's own test looks at. */
function verdictOf({ valid, warning }: AdmissionCase, warned: boolean): string {
  if (!valid) return 'refused'
  return (warning ?? warned) ? 'taken with a warning' : 'taken'
}

test.each(cases.filter(({ id }) => DELIBERATE[id] === undefined).map((each) => [each.id, each] as const))(
  'admission case: %s',
  (_, each) => {
    const found = findingsIn(JSON.stringify(each.manifest))
    const refused = refusalsIn(found)
    const warned = warningsIn(found).length > 0
    // What is refused is not warned of beside: the webhook answers with the errors alone.
    const verdict = refused.length > 0 ? 'refused' : warned ? 'taken with a warning' : 'taken'
    expect(verdict, linesOf(found)).toBe(verdictOf(each, warned))
    // What the schema refuses it refuses in its own words.
    const own = refused.filter(({ code }) => !code.startsWith('FieldValue'))
    const { error = '' } = each
    expect(own.length < refused.length ? error : linesOf(own)).toContain(error)
    expect(refused.map(({ severity }) => severity)).not.toContain('warning')
  }
)

test('what differs on purpose differs', () => {
  const found = cases.filter(({ id }) => DELIBERATE[id] !== undefined).map(({ manifest }) => findingsIn(JSON.stringify(manifest)))
  expect(found.map((each) => refusalsIn(each).length + warningsIn(each).length > 0)).toEqual([true, true, true])
})

/** Samples with a field that no version of the CRD has, and one that Kubernetes' own rule for names refuses. */
const UNFIT = ['websocketUpgrade', 'metadata.name']

test.each([dataPath('samples'), dataPath('virtualservices/route-inputs'), '../shared/guides/manifests', 'examples'])(
  'everything in %s is taken',
  (folder) => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name))
    const refused = files.flatMap((name) =>
      refusalsIn(findingsIn(readFileSync(join(folder, name), 'utf8'))).map((finding) => `${name}: ${linesOf([finding])}`)
    )
    expect(files.length).toBeGreaterThan(0)
    expect(refused.filter((line) => !UNFIT.some((field) => line.includes(field)))).toEqual([])
  }
)
