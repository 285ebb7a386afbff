import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HeaderOperations } from '../api/istio-common.ts'
import type { HeaderEdits } from './decision.ts'
import type { FormatFacts } from './format-facts.ts'
import { authorityOf, editsNow, editsOfSingle, editsOfWeighted } from './header-edits.ts'

const NAME = fc.constantFrom('a', 'b', 'C')
const VALUE = fc.constantFrom('1', '2', '', '%REQ(a)%', 'b%REQ(b)%', '%REQ(c)%')
const OPERATIONS: fc.Arbitrary<HeaderOperations> = fc.record(
  { set: fc.dictionary(NAME, VALUE), add: fc.dictionary(NAME, VALUE), remove: fc.array(NAME, { maxLength: 2 }) },
  { requiredKeys: [] }
)
type Lines = Readonly<Record<string, readonly string[]>>

function remove(lines: Lines, names: readonly string[]): Lines {
  return Object.fromEntries(Object.entries(lines).filter(([name]) => !names.some((each) => each.toLowerCase() === name)))
}

function write(lines: Lines, { set = {}, add = {} }: HeaderOperations): Lines {
  const out: Record<string, readonly string[]> = { ...lines }
  for (const [name, value] of Object.entries(set)) out[name.toLowerCase()] = [value]
  for (const [name, value] of Object.entries(add)) out[name.toLowerCase()] = [...(out[name.toLowerCase()] ?? []), value]
  return out
}

function apply(lines: Lines, edits: HeaderEdits | undefined): Lines {
  if (edits === undefined) return lines
  const kept = remove(lines, edits.remove)
  const written = { ...kept, ...Object.fromEntries(edits.set.map(([name, value]) => [name, [value]])) }
  return edits.add.reduce<Lines>((out, [name, value]) => ({ ...out, [name]: [...(out[name] ?? []), value] }), written)
}

// One level, or two as one: removals, then every value from what is left, then all set, then all add.
function applyLevel(lines: Lines, levels: readonly HeaderOperations[]): Lines {
  const left = levels.reduce((out, { remove: names = [] }) => remove(out, names), lines)
  const value = (text: string): string => text.replace(/%REQ\((.)\)%/, (_, name: string) => left[name]?.[0] ?? '')
  const valued = (values: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(values)
        .map(([name, text]) => [name, value(text)] as const)
        .filter(([, text]) => text !== '')
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
    )
  const set = levels.reduce((out, level) => write(out, { set: valued(level.set) }), left)
  return levels.reduce((out, level) => write(out, { add: valued(level.add) }), set)
}

function factsOf(lines: Lines): FormatFacts {
  const nothing = (): undefined => undefined
  const header: FormatFacts['header'] = (of, name) => (of === 'request' ? lines[name]?.[0] : undefined)
  return { start: 0, now: 0, zone: 0, header, fact: nothing, environment: nothing, metadata: nothing }
}

const START: Lines = { a: ['x'], b: ['y', 'z'] }

test('edits do what the levels do: one destination as one level, several with the route last', () => {
  fc.assert(
    fc.property(OPERATIONS, OPERATIONS, (route, destination) => {
      const single = editsOfSingle({ request: route }, { request: destination }, 'request')
      expect(apply(START, editsNow(single, 'request', factsOf(START)))).toEqual(applyLevel(START, [route, destination]))
      const weighted = editsOfWeighted({ request: route }, { request: destination }, 'request')
      expect(apply(START, editsNow(weighted, 'request', factsOf(START)))).toEqual(applyLevel(applyLevel(START, [destination]), [route]))
    }),
    { numRuns: 3000, seed: 42 }
  )
})

test('constant values are reduced once, when rules are compiled', () => {
  const rules = { request: { set: { x: '100%%' }, add: { y: 'a' }, remove: ['X', 'z'] } }
  const edits = editsOfSingle(rules, { request: { set: { x: '2' } } }, 'request')
  expect(edits).toEqual({ remove: ['z'], set: [['x', '2']], add: [['y', 'a']] })
  expect(editsNow(edits, 'request', factsOf({}))).toBe(edits)
})

test.each<readonly [HeaderOperations, HeaderOperations, true | undefined]>([
  [{ add: { 'Set-Cookie': 'a=1' } }, {}, true],
  [{ set: { 'set-cookie': '%REQ(a)%' } }, {}, true],
  [{}, { add: { 'set-cookie': 'a=1', x: '%REQ(a)%' } }, true],
  [{ remove: ['set-cookie'] }, { add: { 'set-cookie': 'a=1' } }, undefined],
  [{ add: { cookie: 'a=1' }, remove: ['set-cookie'] }, {}, undefined]
])('edits %j of a route and %j of its destination say whether they write a cookie: %s', (response, destination, gives) => {
  expect(editsOfWeighted({ response }, { response: destination }, 'response')?.givesCookie).toBe(gives)
})

test('a value that formats to nothing leaves the header alone', () => {
  const edits = editsOfSingle({ request: { set: { a: '%REQ(none)%', c: 'fixed' } } }, undefined, 'request')
  expect(editsNow(edits, 'request', factsOf(START))).toEqual({ remove: [], set: [['c', 'fixed']], add: [] })
})

test('hosts become the authority; framing, empty values and the response header server are left out', () => {
  const set = { Host: 'h', x: '', p: '100%%', 'Content-Length': '5', ':path': '/x' }
  const rules = { request: { set, remove: ['Connection'] }, response: { set: { server: 's' }, remove: ['Server'] } }
  expect(authorityOf(rules)).toBe('h')
  expect(authorityOf({ request: { add: { ':authority': 'a' } } })).toBe('a')
  expect(editsOfSingle(rules, undefined, 'request')).toEqual({ remove: [], set: [['p', '100%']], add: [] })
  expect(editsOfSingle(rules, undefined, 'response')).toBeUndefined()
})

test('values are bytes of UTF-8: no character can become a line feed', () => {
  expect(editsOfSingle({ request: { set: { x: 'é\u010a' } } }, undefined, 'request')?.set).toEqual([['x', '\u00c3\u00a9\u00c4\u008a']])
})
