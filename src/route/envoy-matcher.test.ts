import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { readHeaderTest, readStringTest } from './envoy-matcher.ts'
import { ProtoMessage } from './proto-json.ts'
import type { ProtoProblem } from './proto-json.ts'
import type { StringTest } from './route-table.ts'

function passes(test: StringTest, value: string): boolean {
  switch (test.kind) {
    case 'present':
      return true
    case 'exact':
      return value === test.value
    case 'prefix':
      return value.startsWith(test.value)
    case 'regex':
      return RE2JS.compile(test.value).testExact(value)
  }
}

test.each([
  [{ exact: 'a.b' }, 'a.b', 'axb'],
  [{ exact: 'a.b', ignore_case: true }, 'A.B', 'AxB'],
  [{ prefix: 'go' }, 'gold', 'Gold'],
  [{ prefix: 'go', ignoreCase: true }, 'GOLD', 'old'],
  [{ suffix: '.com' }, 'x.com', 'xcom'],
  [{ contains: '[1]' }, 'a[1]b', 'a1b'],
  [{ safe_regex: { regex: 'a+' } }, 'aaa', 'aab'],
  [{ safe_regex: { google_re2: {}, regex: 'a+' } }, 'aaa', '']
])('%j takes %s and not %s', (value, right, wrong) => {
  const problems: ProtoProblem[] = []
  const read = readStringTest(new ProtoMessage(value, 'value', problems))
  expect(problems).toEqual([])
  expect([passes(read, right), passes(read, wrong)]).toEqual([true, false])
})

test.each([
  [{ name: 'X-A' }, { name: 'x-a', invert: false, test: { kind: 'present' } }],
  [
    { name: 'x', present_match: false },
    { name: 'x', invert: true, test: { kind: 'present' } }
  ],
  [
    { name: 'x', present_match: true, invert_match: true },
    { name: 'x', invert: true, test: { kind: 'present' } }
  ],
  [
    { name: 'x', exact_match: 'a' },
    { name: 'x', invert: false, test: { kind: 'exact', value: 'a' } }
  ],
  [
    { name: 'x', prefix_match: 'a', invert_match: true },
    { name: 'x', invert: true, test: { kind: 'prefix', value: 'a' } }
  ],
  [
    { name: 'x', string_match: { exact: 'a' } },
    { name: 'x', invert: false, test: { kind: 'exact', value: 'a' } }
  ],
  [
    { name: 'x', safe_regex_match: { regex: 'a' } },
    { name: 'x', invert: false, test: { kind: 'regex', value: 'a' } }
  ]
])('a header matcher %j', (value, wanted) => {
  const problems: ProtoProblem[] = []
  expect(readHeaderTest(new ProtoMessage(value, 'value', problems))).toEqual(wanted)
  expect(problems).toEqual([])
})

test.each([
  [{ name: 'x', range_match: { start: 1, end: 2 } }],
  [{ name: 'x', treat_missing_header_as_empty: true }],
  [{ exact_match: 'a' }]
])('a header matcher %j is not known here', (value) => {
  const problems: ProtoProblem[] = []
  readHeaderTest(new ProtoMessage(value, 'value', problems))
  expect(problems).toHaveLength(1)
})
