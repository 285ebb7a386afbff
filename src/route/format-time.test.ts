import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTime, isoTime, timePattern, writesLineFeed } from './format-time.ts'

const AT = Date.UTC(2026, 10, 21, 9, 5, 7) + 42.125

test.each([
  ['%Y/%m/%dT%H:%M:%S%z', '2026/11/21T09:05:07+0000'],
  ['%s', '1795251907'],
  ['%s.%3f', '1795251907.042'],
  ['%s.%6f|%9f|%f|%1f', '1795251907.042125|042125000|042125000|0'],
  ['T%%', 'T%'],
  ['word', 'word'],
  ['%Q %K', '%Q %K'],
  ['%Ey %OH', '26 09']
])('%s prints %s', (pattern, text) => {
  expect(formatTime(timePattern(pattern), AT)).toBe(text)
})

test('without a pattern it is ISO 8601 with milliseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => isoTime(at) === new Date(at).toISOString()),
    { seed: 1, numRuns: 500 }
  )
  expect(isoTime(AT)).toBe('2026-11-21T09:05:07.042Z')
})

test('instants with fractions, one after the other, are those of their millisecond', () => {
  const plain = timePattern('%FT%T.%3fZ')
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -3000, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 6 }),
      (all) => {
        for (const [ms, part] of all) expect(isoTime(AT + ms + part)).toBe(formatTime(plain, AT + ms + part))
      }
    )
  )
})

test('a zone moves the parts and names itself', () => {
  expect(formatTime(timePattern('%F %T %z %Z'), AT, -150)).toBe('2026-11-21 06:35:07 -0230 -0230')
})

test('patterns that write a line feed are known', () => {
  expect(['%n', 'a\nb', '%-En', '%Y', '%%'].map(writesLineFeed)).toEqual([true, true, true, false, false])
})

// GNU date is the oracle: one process formats many instants.
test.skipIf(process.platform !== 'linux')('every specifier of strftime prints what date(1) prints', () => {
  const spec = '%a|%A|%b|%B|%c|%C|%d|%D|%e|%F|%g|%G|%h|%H|%I|%j|%m|%M|%p|%r|%R|%S|%t|%T|%u|%U|%V|%w|%W|%x|%X|%y|%Y|%z|%Z'
  const seconds = fc.sample(fc.integer({ min: -1e9, max: 4e9 }), { seed: 7, numRuns: 400 })
  const input = seconds.map((second) => `@${second}`).join('\n')
  const options = { input, encoding: 'utf8', env: { LC_ALL: 'C', TZ: 'UTC', PATH: process.env['PATH'] } } as const
  const said = execFileSync('date', ['-f', '-', `+${spec}`], options)
    .trimEnd()
    .split('\n')
  const pattern = timePattern(spec)
  expect(seconds.map((second) => formatTime(pattern, second * 1000))).toEqual(said)
})
