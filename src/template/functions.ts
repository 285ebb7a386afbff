// The functions that Go's text/template has of itself, as far as queries may use them; `and` and `or` are template-run.ts's, as they do not
// evaluate all of their arguments.

import { formatted } from './printf.ts'
import { bytesOf, compare, isTrue, type Refuse, shown, typeName, type Value } from './value.ts'

type Call = (args: readonly Value[], refuse: Refuse) => Value

/** By name. */
export const FUNCTIONS: Readonly<Record<string, Call>> = {
  print: (args) => args.map((arg, index) => (index > 0 && neitherText(args[index - 1], arg) ? ' ' : '') + shown(arg)).join(''),
  println: (args) => `${args.map(shown).join(' ')}\n`,
  printf: ([format, ...args], refuse) =>
    typeof format === 'string' ? formatted(format, args, refuse) : refuse('the format must be a string'),
  not: (args, refuse) => !isTrue(exactly(1, args, refuse)[0]),
  len: (args, refuse) => length(exactly(1, args, refuse)[0], refuse),
  index: ([of, ...keys], refuse) => keys.reduce<Value>((value, key) => item(value, key, refuse), of),
  slice: part,
  eq: ([first, ...others], refuse) => {
    if (others.length === 0) return refuse('missing argument for comparison')
    return others.some((other) => equal(first, other, refuse))
  },
  ne: (args, refuse) => !equal(...pair(args, refuse), refuse),
  lt: (args, refuse) => order(args, refuse) < 0,
  le: (args, refuse) => order(args, refuse) <= 0,
  gt: (args, refuse) => order(args, refuse) > 0,
  ge: (args, refuse) => order(args, refuse) >= 0
}

function neitherText(a: Value, b: Value): boolean {
  return typeof a !== 'string' && typeof b !== 'string'
}

function exactly(count: number, args: readonly Value[], refuse: Refuse): readonly Value[] {
  return args.length === count ? args : refuse(`wrong number of args: want ${count} got ${args.length}`)
}

function pair(args: readonly Value[], refuse: Refuse): readonly [Value, Value] {
  const [a, b] = exactly(2, args, refuse)
  return [a, b]
}

function length(value: Value, refuse: Refuse): bigint {
  if (typeof value === 'string') return BigInt(bytesOf(value).length)
  if (typeof value === 'object') return BigInt(value.size)
  return refuse(`len of type ${typeName(value)}`)
}

function item(value: Value, key: Value, refuse: Refuse): Value {
  if (typeof value === 'object') {
    // A key that is not there is the empty string, as in Go: `variables.KEY` is what refuses it.
    return typeof key === 'string' ? (value.get(key) ?? '') : refuse(`the key must be a string, not ${typeName(key)}`)
  }
  if (typeof value !== 'string') return refuse(`can't index item of type ${typeName(value)}`)
  const bytes = bytesOf(value)
  if (typeof key !== 'bigint') return refuse(`cannot index slice/array with type ${typeName(key)}`)
  const byte = key < 0n || key >= BigInt(bytes.length) ? undefined : bytes[Number(key)]
  return byte === undefined ? refuse(`index out of range: ${key}`) : BigInt(byte)
}

function part([of, ...bounds]: readonly Value[], refuse: Refuse): Value {
  if (typeof of !== 'string') return refuse(`can't slice item of type ${typeName(of)}`)
  if (bounds.length > 2) return refuse('cannot 3-index slice a string')
  const bytes = bytesOf(of)
  const [from, to] = [bounds[0] ?? 0n, bounds[1] ?? BigInt(bytes.length)]
  if (typeof from !== 'bigint' || typeof to !== 'bigint') return refuse('bounds must be whole numbers')
  if (from < 0n || to > BigInt(bytes.length) || from > to) return refuse(`bounds out of range: ${from}:${to} of ${bytes.length}`)
  return new TextDecoder().decode(bytes.subarray(Number(from), Number(to)))
}

function equal(a: Value, b: Value, refuse: Refuse): boolean {
  if (a === undefined || b === undefined) return a === b
  const compared = compare(a, b)
  if (compared !== undefined) return compared === 0
  return refuse(typeof a === 'object' ? `non-comparable type ${typeName(a)}` : 'incompatible types for comparison')
}

function order(args: readonly Value[], refuse: Refuse): number {
  const [a, b] = pair(args, refuse)
  if (typeof a === 'boolean') return refuse('invalid type for comparison')
  return compare(a, b) ?? refuse('incompatible types for comparison')
}
