import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BUILTIN_MESSAGES, builtinMessage, MESSAGES } from './builtin-messages.ts'
import { fieldsOf } from './builtin-notation.ts'

test('no field number and no field name occurs twice in a message', () => {
  const twice = [...MESSAGES.values()].flatMap((message) => {
    const numbers = [...message.fields, ...message.embeds].map((each) => each.number)
    const names = fieldsOf(MESSAGES, message.name).map((field) => field.name)
    return new Set(numbers).size === numbers.length && new Set(names).size === names.length ? [] : [message.name]
  })
  expect(twice).toEqual([])
})

test('every message is reached from a kind', () => {
  const reached = new Set<string>()
  const visit = (name: string): void => {
    if (reached.has(name)) return
    reached.add(name)
    const message = MESSAGES.get(name)!
    message.embeds.forEach((embedded) => visit(embedded.message))
    for (const field of message.fields) {
      let type = field.type
      while (type.kind === 'list' || type.kind === 'map') type = type.of
      if (type.kind === 'message') visit(type.message)
    }
  }
  BUILTIN_MESSAGES.forEach((each) => visit(each.message))
  expect([...MESSAGES.keys()].filter((name) => !reached.has(name))).toEqual([])
})

test('kinds are found by apiVersion', () => {
  expect(builtinMessage('apps/v1', 'Deployment')).toBe('Deployment')
  expect(builtinMessage('v1', 'Event')).toBe('Event')
  expect(builtinMessage('events.k8s.io/v1', 'Event')).toBe('EventsEvent')
  expect(builtinMessage('policy/v1', 'DeleteOptions')).toBe('DeleteOptions')
  expect(builtinMessage('extensions/v1beta1', 'Deployment')).toBeUndefined()
})

// The types are written by hand; this holds each of their fields, its type and whether it is optional against the tables.
const TYPES = [
  'builtin-types.ts',
  'builtin-types-pod.ts',
  'builtin-types-pod-status.ts',
  'builtin-types-volume.ts',
  'builtin-types-apps.ts'
]
const WORDS: Readonly<Record<string, string>> = {
  int32: 'number',
  int64: 'number',
  double: 'number',
  bool: 'boolean',
  Time: 'string',
  MicroTime: 'string',
  bytes: 'string'
}
const text = TYPES.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n')
const interfaces = [...text.matchAll(/export interface (\w+)(?: extends KubeObject)? \{\n([^}]*)\}/g)].map(
  ([, name = '', body = '']) => [name, body] as const
)

test('there are types to compare', () => {
  expect(interfaces.length).toBeGreaterThan(90)
})

test.each(interfaces)('the type %s agrees with its field table', (name, body) => {
  const fields = new Map(fieldsOf(MESSAGES, name).map((field) => [field.name, field]))
  const typed = (type: (typeof fields extends Map<string, infer F> ? F : never)['type']): string => {
    if (type.kind === 'message') return type.message
    if (type.kind === 'list') return `readonly ${typed(type.of).replace(/^.* \| .*$/, '($&)')}[]`
    if (type.kind === 'map') return `Readonly<Record<string, ${typed(type.of)}>>`
    if (type.words.length > 0) return type.words.map((word) => `'${word}'`).join(' | ')
    return WORDS[type.scalar] ?? type.scalar
  }
  // stored objects have them always, whatever the wire says
  const ALWAYS = ['spec', 'template']
  for (const [, key = '', optional, type = ''] of body.matchAll(/readonly (\w+)(\??):\s+([^\n]+(?:\n {4}\|[^\n]+)*)/g)) {
    if (key === 'apiVersion' && type.startsWith("'")) continue
    if (key === 'kind' && type.startsWith("'")) continue
    const field = fields.get(key)
    expect(field, `${name}.${key}`).toBeDefined()
    expect(type.replace(/\s+\|\s+/g, ' | ').replace(/^\| /, ''), `${name}.${key}`).toBe(typed(field!.type))
    expect(optional === '?', `${name}.${key} is optional`).toBe(!field!.required && !(optional === '' && ALWAYS.includes(key)))
  }
})
