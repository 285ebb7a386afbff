import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HeaderOperations } from '../api/istio-common.ts'
import type { HeaderEdits } from './decision.ts'
import { authorityOf, editsOfSingle, editsOfWeighted, hasCommand } from './header-edits.ts'

const NAME = fc.constantFrom('a', 'b', 'C')
const VALUE = fc.constantFrom('1', '2')
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

test('the reduced edits do what the levels do one after the other', () => {
  const start: Lines = { a: ['x'], b: ['y', 'z'] }
  fc.assert(
    fc.property(OPERATIONS, OPERATIONS, (route, destination) => {
      const bothRemoved = remove(remove(start, route.remove ?? []), destination.remove ?? [])
      expect(apply(start, editsOfSingle({ request: route }, { request: destination }, 'request'))).toEqual(
        write(write(bothRemoved, route), destination)
      )
      const first = write(remove(start, destination.remove ?? []), destination)
      expect(apply(start, editsOfWeighted({ response: route }, { response: destination }, 'response'))).toEqual(
        write(remove(first, route.remove ?? []), route)
      )
    }),
    { numRuns: 1000, seed: 42 }
  )
})

test('hosts become the authority; empty values, commands and the response header server are left out', () => {
  const rules = { request: { set: { Host: 'h', x: '', t: '%START_TIME%', p: '100%%' } }, response: { set: { server: 's' } } }
  expect(authorityOf(rules)).toBe('h')
  expect(authorityOf({ request: { add: { ':authority': 'a' } } })).toBe('a')
  expect(editsOfSingle(rules, undefined, 'request')).toEqual({ remove: [], set: [['p', '100%']], add: [] })
  expect(editsOfSingle(rules, undefined, 'response')).toBeUndefined()
  expect([hasCommand('100%%'), hasCommand('a%REQ(x)%')]).toEqual([false, true])
})
