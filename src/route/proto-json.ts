// Reads a protobuf message from the JSON or YAML of an Envoy configuration: snake_case or camelCase fields, enums by name or number, 64-bit
// numbers as text, durations such as `60s`. A field that nobody asks for is a problem too: what is half understood must not be applied.

import { isObject } from '../std/json.ts'
import type { Millis } from '../std/clock.ts'

/** Something in a message that is wrong or not known here. */
export interface ProtoProblem {
  readonly path: string
  readonly text: string
}

const UINT32_MAX = 4_294_967_295

/** One message on its way in: ask for its fields, then `finish`. Problems go to the list it shares with the messages inside it. */
export class ProtoMessage {
  readonly path: string
  readonly problems: ProtoProblem[]
  readonly #fields = new Map<string, unknown>()
  readonly #rest: Set<string>

  constructor(value: unknown, path: string, problems: ProtoProblem[]) {
    this.path = path
    this.problems = problems
    if (!isObject(value)) this.reject('', 'is not an object')
    // null stands for a field that is not set
    else for (const [name, field] of Object.entries(value)) if (field !== null) this.#fields.set(snakeCase(name), field)
    this.#rest = new Set(this.#fields.keys())
  }

  /** Names a problem of a field, '' for the message itself. */
  reject(field: string, text: string): undefined {
    this.problems.push({ path: field === '' ? this.path : `${this.path}.${field}`, text })
    return undefined
  }

  /** A field as it came, and true for a field that is there. */
  raw(field: string): unknown {
    this.#rest.delete(field)
    return this.#fields.get(field)
  }

  has(field: string): boolean {
    return this.#fields.has(field)
  }

  text(field: string): string | undefined {
    const value = this.raw(field)
    if (value === undefined || typeof value === 'string') return value
    return this.reject(field, 'is not a text')
  }

  boolean(field: string): boolean | undefined {
    const value = this.raw(field)
    if (value === undefined || typeof value === 'boolean') return value
    return this.reject(field, 'is neither true nor false')
  }

  /** A boolean with its default. */
  flag(field: string, fallback = false): boolean {
    return this.boolean(field) ?? fallback
  }

  /** A whole number from 0 to 2^32 - 1. */
  whole(field: string): number | undefined {
    const value = this.raw(field)
    if (value === undefined) return undefined
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= UINT32_MAX) return number
    return this.reject(field, 'is not a whole number')
  }

  /** A duration as protobuf writes it: seconds with up to nine decimals and an s. */
  duration(field: string): Millis | undefined {
    const value = this.raw(field)
    if (value === undefined) return undefined
    if (typeof value === 'string' && /^\d+(\.\d{1,9})?s$/.test(value)) return Number(value.slice(0, -1)) * 1000
    return this.reject(field, `${JSON.stringify(value)} is not a duration such as 60s or 0.5s`)
  }

  /** One of the words of `choices`, or its number there. */
  choice<T>(field: string, choices: readonly (readonly [word: string, number: number, value: T])[]): T | undefined {
    const value = this.raw(field)
    if (value === undefined) return undefined
    const found = choices.find(([word, number]) => word === value || number === value)
    return found === undefined ? this.reject(field, `${JSON.stringify(value)} is not known here`) : found[2]
  }

  message(field: string): ProtoMessage | undefined {
    const value = this.raw(field)
    return value === undefined ? undefined : new ProtoMessage(value, `${this.path}.${field}`, this.problems)
  }

  /** The messages of a list; none when the field is not set. */
  messages(field: string): ProtoMessage[] {
    const value = this.raw(field)
    if (value === undefined) return []
    if (!Array.isArray(value)) return this.reject(field, 'is not a list') ?? []
    return value.map((item, index) => new ProtoMessage(item, `${this.path}.${field}[${index}]`, this.problems))
  }

  /** Every field that was not asked for is not known here. */
  finish(): void {
    for (const field of this.#rest) this.reject(field, 'is not known here')
    this.#rest.clear()
  }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const STRUCTS = ['type.googleapis.com/udpa.type.v1.TypedStruct', 'type.googleapis.com/xds.type.v3.TypedStruct']

/** The type of an Any and its message; a TypedStruct stands for what it holds. Undefined: neither, which is named. */
export function readAny(any: ProtoMessage): { readonly type: string; readonly message: ProtoMessage } | undefined {
  const type = any.text('@type')
  if (type === undefined) return any.reject('', 'has no @type')
  if (!STRUCTS.includes(type)) return { type: typeName(type), message: any }
  const inner = any.text('type_url')
  const message = any.message('value') ?? new ProtoMessage({}, `${any.path}.value`, any.problems)
  any.finish()
  return inner === undefined ? any.reject('', 'has no type_url') : { type: typeName(inner), message }
}

function typeName(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
