import { expect, test } from 'vitest'
import { type CelResult, compileCel } from './cel.ts'

function ask(rule: string, self: unknown, old?: unknown): CelResult | string {
  const program = compileCel(rule)
  return typeof program === 'string' ? program : program(self, old)
}

test.each([
  ["duration(self) >= duration('1ms')", '1ms', true],
  ["duration(self) >= duration('1ms')", '999us', false],
  ['self >= 1 && self <= 65535', 80n, true],
  ['self.all(one, self.exists_one(other, other.number == one.number))', [{ number: 1n }, { number: 1n }], false],
  ["has(self.a) ? self.a == 'x' : true", {}, true],
  ["self.matches('^a+$')", 'aaa', true],
  // A quoted text is not touched; (?=a) would be no RE2, and is never asked.
  ["self == '.matches(' || self.matches('(?=a)')", '.matches(', true],
  ["isURL(self) && url(self).getScheme() in ['http', 'oci']", 'oci://registry.example/a', true],
  ['isURL(self)', 'registry.example/a', false],
  ['isURL(self)', '/absolute', true],
  ['isURL(self)', 'http://[', false],
  ['isURL(self)', 'a b', false],
  ["url(self).getScheme() == ''", '/absolute', true]
])('%s of %o is %s', (rule, self, value) => {
  expect(ask(rule, self)).toEqual({ kind: 'value', value })
})

test('expressions are RE2: one that would backtrack for ever is answered at once', () => {
  expect(ask("self.matches('^(a+)+$')", `${'a'.repeat(50_000)}!`)).toEqual({ kind: 'value', value: false })
})

test.each([
  ["duration(self) > duration('1s')", 'abc', "type conversion error from 'string' to 'google.protobuf.Duration'"],
  ['self.all(key, int(key) > 0)', { x: 1n }, "type conversion error from 'string' to 'int'"]
])('%s of %o fails in the words of the API server', (rule, self, because) => {
  expect(ask(rule, self)).toEqual({ kind: 'failed', because })
})

test('what is no CEL is told, without the place in the text', () => {
  expect(ask('self >', 1n)).toMatch(/^[^\n]+$/)
  expect(ask('unknownFunction(self)', 1n)).toMatchObject({ kind: 'failed' })
})

test('the old value is there for rules about change', () => {
  expect(ask('self >= oldSelf', 2n, 3n)).toEqual({ kind: 'value', value: false })
})
