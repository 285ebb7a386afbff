import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import { ISTIO_KINDS } from '../api/istio-kinds.ts'
import { findingLine, lintManifests, reportSummary } from './lint-manifests.ts'
import type { Manifest } from './manifests.ts'

const KINDS = [...BUILTIN_KINDS, ...ISTIO_KINDS, ...FLAGGER_KINDS]
const FOLDER = 'test/golden/lint'
const RULER = `${'-'.repeat(80)}\n`

function manifestsOf(text: string): Manifest[] {
  const parts = text.split(/^==> (.*) <==\n/m).slice(1)
  return parts.flatMap((file, at) => (at % 2 === 0 ? [{ file, text: parts[at + 1] ?? '' }] : []))
}

function report(manifests: readonly Manifest[]): string {
  const found = lintManifests(manifests, KINDS)
  return [...found.findings.map(findingLine), reportSummary(found), ''].join('\n')
}

test.each(readdirSync(FOLDER))('golden/lint/%s', (name) => {
  const path = join(FOLDER, name)
  const [input = '', output = ''] = readFileSync(path, 'utf8').split(RULER)
  const actual = report(manifestsOf(input))
  if (process.env['UPDATE'] === '1') writeFileSync(path, input + RULER + actual)
  expect(actual).toBe(process.env['UPDATE'] === '1' ? actual : output)
})

describe('hostile texts end with an error at a line, and soon', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghij'.split('').map((each, at) => `${each}: &${each} [${Array.from({ length: 9 }, () => `*${'abcdefghij'[at]}`).join(', ')}]`)
  ]
  test.each([
    ['deep', '['.repeat(5_000_000)],
    ['deep maps', 'a: '.repeat(1_000_000)],
    ['deep blocks', Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
    ['aliases that multiply', bomb.join('\n')],
    ['an alias of itself', 'a: &a [*a]'],
    ['long', `a: ${'x'.repeat(17 * 1024 * 1024)}`],
    ['many values', `a: [${'1,'.repeat(50_000)}]`],
    ['bytes', '\u0000\u0001\ufffd{{{'],
    ['a tab', 'a:\n\tb: 1']
  ])('%s', (_, text) => {
    const { findings } = lintManifests([{ file: 'x.yaml', text }], KINDS)
    expect(findings.some(({ severity, line }) => severity === 'error' && line >= 1)).toBe(true)
  })
})

test('the guides and the samples of Istio and Flagger are read to an end, each finding at a line of its file', () => {
  const folders = ['../shared/guides/manifests', '../shared/data/samples']
  let files = 0
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith('.yaml'))) {
      const text = readFileSync(join(folder, name), 'utf8')
      const { findings } = lintManifests([{ file: name, text }], KINDS)
      const lines = text.split('\n').length
      for (const finding of findings) expect(finding.line >= 1 && finding.line <= lines, findingLine(finding)).toBe(true)
      files++
    }
  }
  expect(files).toBeGreaterThan(100)
})

test("the guides' manifests are never refused but for what they print wrong on purpose", () => {
  const folder = '../shared/guides/manifests'
  const manifests = readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
  const refused = lintManifests(manifests, KINDS).findings.filter(
    ({ code, severity }) => severity === 'error' && /^Field|unknown|yaml/.test(code)
  )
  expect(refused.map(findingLine)).toEqual([])
})
