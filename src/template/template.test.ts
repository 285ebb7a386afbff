// test/golden/template/template.txt holds what Go 1.26's text/template makes of each template, with these functions and missingkey=error.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderQuery, type TemplateModel, templateProblem } from './template.ts'

const MODEL: TemplateModel = {
  name: 'podinfo',
  namespace: 'test',
  target: 'podinfo-app',
  service: 'podinfo-svc',
  ingress: 'podinfo-in',
  route: 'podinfo-rt',
  interval: '1m',
  variables: { code: '5..', zone: 'eu', empty: '', n: '3' }
}

const wrong = (source: string): string => {
  const rendered = renderQuery(source, MODEL)
  return rendered.kind === 'wrong' ? rendered.because : `rendered: ${rendered.query}`
}

interface Case {
  readonly source: string
  /** What Go rendered; undefined where it refused. */
  readonly output: string | undefined
}

const GOLDEN = readFileSync(new URL('../../test/golden/template/template.txt', import.meta.url), 'utf8')
  .slice(0, -1)
  .split('\n========\n')
  .map((block): Case => {
    const [, source = '', error, output] = /^([^]*?)\n---(?: (error): |\n)([^]*)$/.exec(block) ?? []
    return { source, output: error === undefined ? output : undefined }
  })

test('the golden file has templates that Go renders and ones that it refuses', () => {
  expect(GOLDEN.filter(({ output }) => output !== undefined).length).toBe(87)
  expect(GOLDEN.filter(({ output }) => output === undefined).length).toBe(53)
})

test.each(GOLDEN)('as Go does: $source', ({ source, output }) => {
  const rendered = renderQuery(source, MODEL)
  expect(rendered.kind === 'query' ? rendered.query : undefined).toBe(output)
})

test.each([
  ['{{ variables.missing }}', 'line 1: map has no entry for key "missing"'],
  ['a\nb {{ nosuch }}', 'line 2: function "nosuch" not defined'],
  ['{{ variables.my-key }}', 'line 1: bad character "-" after .my'],
  ['{{ html name }}', 'line 1: html is not supported here: queries are not HTML'],
  ['{{ urlquery name }}', 'line 1: urlquery is not supported here: queries are encoded as their provider needs'],
  ['{{ define "x" }}{{ end }}', 'line 1: define is not supported here: a query is one template'],
  ['{{ printf "%d" name }}', 'line 1: printf: %d is not for a string'],
  ['{{ printf "%s" }}', 'line 1: printf: no argument for %s'],
  ['{{ printf "a" 1 }}', 'line 1: printf: 1 arguments more than verbs'],
  ['{{ name.constructor }}', "line 1: can't evaluate field constructor in type string"],
  ['{{ variables.__proto__ }}', 'line 1: map has no entry for key "__proto__"'],
  ['{{ constructor }}', 'line 1: function "constructor" not defined']
])('%j is refused with its line', (source, because) => {
  expect(wrong(source)).toBe(because)
})

test.each([
  ['{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}', 'more than 100000 steps'],
  ['{{ range 100000 }}0123456789{{ end }}', 'the query is longer than 65536 bytes'],
  ['{{ $x := "0123456789" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}{{ len $x }}', 'print: longer than 65536 bytes'],
  [`{{ ${'('.repeat(60)}1${')'.repeat(60)} }}`, 'nested deeper than 50'],
  [`${'{{ if 1 }}'.repeat(60)}${'{{ end }}'.repeat(60)}`, 'nested deeper than 50'],
  ['{{ printf "%999999s" name }}', '%999999s is too wide'],
  ['x'.repeat(70_000), 'the template is longer than 65536 characters']
])('a template that would take long or much ends: %.60s', (source, because) => {
  expect(wrong(source)).toContain(because)
})

test('any text is rendered or refused, never anything else', () => {
  const word = fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    ' -}}',
    'name',
    'if',
    'end',
    'else',
    'range',
    'with',
    '(',
    ')',
    '|',
    '"',
    '.',
    '$x',
    ':=',
    '1',
    ' ',
    'variables',
    '/*',
    '*/',
    'printf',
    '%d'
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 3 }))), (words) => {
      expect(['query', 'wrong']).toContain(renderQuery(words.join(''), MODEL).kind)
    }),
    { seed: 6, numRuns: 2000 }
  )
})

test('text without actions stays as it is', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('{{')),
      (text) => {
        expect(renderQuery(text, MODEL)).toEqual({ kind: 'query', query: text })
      }
    ),
    { seed: 6 }
  )
})

test('a mistake of the template itself is told without anything to fill in', () => {
  expect(templateProblem('a\n{{ nosuch }}')).toBe('line 2: function "nosuch" not defined')
  expect(templateProblem('{{ variables.any }}[{{ interval }}]')).toBeUndefined()
})
