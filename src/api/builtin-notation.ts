// The compact notation of the built-in kinds' fields, and what it is read into. A message is a list of fields parted by `;`:
//   name number type[*][!][^] [patch:KEY|merge|KEY,retainKeys|retainKeys] [list:set|atomic|map(KEYS)] [atomic] [null] [default:JSON]
// Types: string bool int32 int64 double bytes Time MicroTime Quantity IntOrString FieldsV1, string(WORD,...), another message, []T, {}T.
// `null` is what an absent list is written as; `*` may be told apart from its zero value, `!` is required, `^` is written even when empty; `+ number Message` embeds a message's fields.

import { assert } from '../std/bug.ts'

/** Field tables by message name, in the notation above. */
export type Tables = Readonly<Record<string, string>>

const SCALARS = ['string', 'bool', 'int32', 'int64', 'double', 'bytes', 'Time', 'MicroTime', 'Quantity', 'IntOrString', 'FieldsV1'] as const

/** A type that is no message, list or map. bytes are base64 in JSON, times RFC 3339. */
export type Scalar = (typeof SCALARS)[number]

/** The type of a field. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly scalar: Scalar; readonly words: readonly string[] }
  | { readonly kind: 'message'; readonly message: string }
  | { readonly kind: 'list'; readonly of: FieldType }
  | { readonly kind: 'map'; readonly of: FieldType }

/** One field of a message. */
export interface Field {
  readonly name: string
  /** Its number in the protobuf form. */
  readonly number: number
  readonly type: FieldType
  /** 'pointer' fields keep a zero value that was sent; 'value' fields drop it; 'always' fields are written even when absent. */
  readonly zero: 'pointer' | 'value' | 'always'
  readonly required: boolean
  readonly patchStrategy?: string
  readonly patchMergeKey?: string
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  readonly atomic: boolean
  /** Written as null when absent. */
  readonly nullable?: true
  readonly default?: unknown
}

/** A message whose fields stand, in JSON, in the message that embeds it. */
export interface Embedded {
  readonly number: number
  readonly message: string
}

/** A message: its own fields and the messages embedded in it. */
export interface Message {
  readonly name: string
  readonly fields: readonly Field[]
  readonly embeds: readonly Embedded[]
}

/** All messages by name. */
export type Messages = ReadonlyMap<string, Message>

/** Reads tables; a line that is not in the notation, or a message that is not there, is a Bug. */
export function readTables(...tables: readonly Tables[]): Messages {
  const messages = new Map<string, Message>()
  for (const table of tables) {
    for (const [name, text] of Object.entries(table)) messages.set(name, readMessage(name, text))
  }
  for (const message of messages.values()) {
    for (const name of mentioned(message)) assert(messages.has(name), `${message.name} mentions ${name}, which is not described`)
  }
  return messages
}

/** The fields of a message as JSON has them: embedded messages flattened. */
export function fieldsOf(messages: Messages, name: string): readonly Field[] {
  const message = messages.get(name)
  assert(message !== undefined, `no message ${name}`)
  return [...message.fields, ...message.embeds.flatMap((embedded) => fieldsOf(messages, embedded.message))]
}

function readMessage(name: string, text: string): Message {
  const entries = text.split(';').map((entry) => entry.trim().split(/\s+/))
  const fields: Field[] = []
  const embeds: Embedded[] = []
  for (const entry of entries) {
    if (entry[0] === '+') embeds.push({ number: Number(entry[1]), message: entry[2] ?? '' })
    else fields.push(readField(name, entry))
  }
  return { name, fields, embeds }
}

function readField(message: string, entry: readonly string[]): Field {
  const [name = '', number = '', typed = '', ...facts] = entry
  const found = /^(.+?)(\*?)(!?)(\^?)$/.exec(typed)
  assert(found !== null && /^\d+$/.test(number), `${message}: ${entry.join(' ')}`)
  const [, type = '', pointer, required, always] = found
  const zero = pointer === '*' ? 'pointer' : required === '!' || always === '^' ? 'always' : 'value'
  const base = { name, number: Number(number), type: readType(type), zero, required: required === '!', atomic: false } as const
  return facts.reduce<Field>((field, fact) => ({ ...field, ...readFact(fact) }), base)
}

function readType(text: string): FieldType {
  if (text.startsWith('[]')) return { kind: 'list', of: readType(text.slice(2)) }
  if (text.startsWith('{}')) return { kind: 'map', of: readType(text.slice(2)) }
  const words = /^string\((.*)\)$/.exec(text)?.[1]
  if (words !== undefined) return { kind: 'scalar', scalar: 'string', words: words.split(',').map((word) => word.replace("''", '')) }
  const scalar = SCALARS.find((known) => known === text)
  return scalar === undefined ? { kind: 'message', message: text } : { kind: 'scalar', scalar, words: [] }
}

function readFact(fact: string): Partial<Field> {
  if (fact === 'atomic') return { atomic: true }
  if (fact === 'null') return { nullable: true }
  const [word, value] = [fact.slice(0, fact.indexOf(':')), fact.slice(fact.indexOf(':') + 1)]
  if (word === 'default') return { default: JSON.parse(value) as unknown }
  if (word === 'patch') return readPatch(value)
  assert(word === 'list', `unknown fact ${fact}`)
  const keys = /^map\((.*)\)$/.exec(value)?.[1]
  if (keys !== undefined) return { listType: 'map', listMapKeys: keys.split(',') }
  return { listType: value === 'set' ? 'set' : 'atomic' }
}

function readPatch(value: string): Partial<Field> {
  if (value === 'merge' || value === 'retainKeys') return { patchStrategy: value }
  const [key = '', more] = value.split(',')
  return { patchStrategy: more === undefined ? 'merge' : `merge,${more}`, patchMergeKey: key }
}

function mentioned(message: Message): readonly string[] {
  const inner = (type: FieldType): string[] => {
    if (type.kind === 'scalar') return []
    return type.kind === 'message' ? [type.message] : inner(type.of)
  }
  return [...message.fields.flatMap((field) => inner(field.type)), ...message.embeds.map((embedded) => embedded.message)]
}
