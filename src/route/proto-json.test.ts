import { expect, test } from 'vitest'
import { ProtoMessage, readAny } from './proto-json.ts'
import type { ProtoProblem } from './proto-json.ts'

function read<T>(value: unknown, ask: (message: ProtoMessage) => T): { readonly got: T; readonly problems: string[] } {
  const problems: ProtoProblem[] = []
  const got = ask(new ProtoMessage(value, 'value', problems))
  return { got, problems: problems.map(({ path, text }) => `${path} ${text}`) }
}

test('fields are known by their snake_case and camelCase names; null is not set', () => {
  const fields = (value: unknown): unknown => read(value, (message) => [message.whole('max_tokens'), message.text('other')])
  expect(fields({ max_tokens: 3 })).toEqual({ got: [3, undefined], problems: [] })
  expect(fields({ maxTokens: '3', other: null })).toEqual({ got: [3, undefined], problems: [] })
})

test.each([
  ['whole', -1],
  ['whole', 1.5],
  ['whole', 4_294_967_296],
  ['whole', 'many'],
  ['text', 7],
  ['boolean', 'true'],
  ['duration', 60],
  ['duration', '1m'],
  ['duration', '-1s'],
  ['message', 'x'],
  ['messages', { a: 1 }]
] as const)('%s refuses %j', (kind, value) => {
  expect(read({ x: value }, (message) => message[kind]('x')).problems).toHaveLength(1)
})

test('durations are seconds with decimals', () => {
  expect(read({ x: '0.5s' }, (message) => message.duration('x')).got).toBe(500)
  expect(read({ x: '60s' }, (message) => message.duration('x')).got).toBe(60_000)
})

test('enums by word or number', () => {
  const choices = [
    ['OFF', 0, 'off'],
    ['ON', 1, 'on']
  ] as const
  const choose = (value: unknown): unknown => read({ x: value }, (message) => message.choice('x', choices))
  expect(choose('ON')).toEqual({ got: 'on', problems: [] })
  expect(choose(0)).toEqual({ got: 'off', problems: [] })
  expect(choose('MAYBE')).toEqual({ got: undefined, problems: ['value.x "MAYBE" is not known here'] })
})

test('what nobody asked for is named with its place', () => {
  const found = read({ list: [{ known: 'a', stranger: 1 }] }, (message) => {
    for (const item of message.messages('list')) {
      item.text('known')
      item.finish()
    }
    message.finish()
  })
  expect(found.problems).toEqual(['value.list[0].stranger is not known here'])
})

test('an Any is read directly or out of a TypedStruct', () => {
  const typed = (value: unknown): unknown =>
    read(value, (message) => {
      const any = readAny(message)
      return [any?.type, any?.message.text('name')]
    })
  expect(typed({ '@type': 'type.googleapis.com/a.b.C', name: 'n' })).toEqual({ got: ['a.b.C', 'n'], problems: [] })
  for (const struct of ['udpa.type.v1', 'xds.type.v3']) {
    const wrapped = { '@type': `type.googleapis.com/${struct}.TypedStruct`, type_url: 'type.googleapis.com/a.b.C', value: { name: 'n' } }
    expect(typed(wrapped)).toEqual({ got: ['a.b.C', 'n'], problems: [] })
  }
  expect(typed({ name: 'n' })).toEqual({ got: [undefined, undefined], problems: ['value has no @type'] })
})
