// Builders of Schema values that carry their TypeScript type: one description gives the type (Infer), the decoder and the OpenAPI
// document. Nothing here validates; the descriptions are plain data.

import type { Schema } from './schema.ts'

declare const TYPE: unique symbol

/** A Schema whose values have type T; T exists at compile time only. */
export type Typed<T> = Schema & { readonly [TYPE]?: T }

/** The readonly type of the values that a Typed schema describes. */
export type Infer<S> = S extends { readonly [TYPE]?: infer T } ? T : never

/** A field that its object must have; made by `required`. */
export interface RequiredField<T> {
  readonly mustHave: Typed<T>
}

type Field = Typed<unknown> | RequiredField<unknown>
type Fields = Readonly<Record<string, Field>>
type RequiredNames<F> = { readonly [K in keyof F]: F[K] extends RequiredField<unknown> ? K : never }[keyof F]

/** The readonly object type of a set of fields. */
export type ObjectOf<F> = { readonly [K in RequiredNames<F>]: F[K] extends RequiredField<infer T> ? T : never } & {
  readonly [K in Exclude<keyof F, RequiredNames<F>>]?: Infer<F[K]>
}

/** Text. `extra` adds limits: pattern, format, minLength, maxLength. */
export function string(description: string, extra: Schema = {}): Typed<string> {
  return { type: 'string', description, ...extra }
}

/** A whole number without a declared width; `extra` adds minimum and maximum. */
export function integer(description: string, extra: Schema = {}): Typed<number> {
  return { type: 'integer', description, ...extra }
}

/** A whole number with format int32 (out-of-range values are refused by the format). */
export function int32(description: string, extra: Schema = {}): Typed<number> {
  return { type: 'integer', format: 'int32', description, ...extra }
}

/** A whole number from 0 to 2^32 - 1, written as minimum and maximum as Istio does. */
export function uint32(description: string, extra: Schema = {}): Typed<number> {
  return { type: 'integer', minimum: 0, maximum: 4294967295, description, ...extra }
}

/** A number; `extra` adds format and limits. */
export function number(description: string, extra: Schema = {}): Typed<number> {
  return { type: 'number', description, ...extra }
}

/** A number with format double. */
export function double(description: string, extra: Schema = {}): Typed<number> {
  return { type: 'number', format: 'double', description, ...extra }
}

/** true or false. */
export function boolean(description: string): Typed<boolean> {
  return { type: 'boolean', description }
}

/** One of the given words, in the order in which error messages list them. */
export function choice<const V extends string>(description: string, ...values: readonly V[]): Typed<V> {
  return { type: 'string', description, enum: values }
}

/** A list; `extra` adds minItems, maxItems and list type. */
export function array<T>(description: string, items: Typed<T>, extra: Schema = {}): Typed<readonly T[]> {
  return { type: 'array', description, items, ...extra }
}

/** A map from any key to one type of value; `extra` adds maxProperties. */
export function map<T>(description: string, values: Typed<T>, extra: Schema = {}): Typed<Readonly<Record<string, T>>> {
  return { type: 'object', description, additionalProperties: values, ...extra }
}

/** An object with known fields, optional unless wrapped in `required`; `extra` adds rules such as `atMostOne(...)`. */
export function object<const F extends Fields>(description: string, fields: F, extra: Schema = {}): Typed<ObjectOf<F>> {
  const properties: Record<string, Schema> = {}
  const names: string[] = []
  for (const [name, field] of Object.entries<Field>(fields)) {
    properties[name] = 'mustHave' in field ? field.mustHave : field
    if ('mustHave' in field) names.push(name)
  }
  return { type: 'object', description, properties, ...(names.length > 0 && { required: names }), ...extra }
}

/** Marks a field of `object` as one that must be there. */
export function required<T>(field: Typed<T>): RequiredField<T> {
  return { mustHave: field }
}

/** The same schema, allowing null as well. */
export function nullable<T>(schema: Typed<T>): Typed<T | null> {
  return { ...schema, nullable: true }
}

/** The same schema under another description. */
export function described<T>(description: string, schema: Typed<T>): Typed<T> {
  return { ...schema, description }
}

/** The same schema with rules in CEL, each with the sentence about values that break it. */
export function ruled<T>(schema: Typed<T>, ...rules: readonly (readonly [rule: string, message: string])[]): Typed<T> {
  return { ...schema, 'x-kubernetes-validations': rules.map(([rule, message]) => ({ rule, message })) }
}

/** An object whose content is kept as it is. */
export function freeform(description: string): Typed<Readonly<Record<string, unknown>>> {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true }
}

/** A whole number or text, as ports are. */
export function intOrString(description: string, extra: Schema = {}): Typed<number | string> {
  return { description, 'x-kubernetes-int-or-string': true, ...extra }
}

/** A rule for `extra`: at most one of these fields is set. */
export function atMostOne(...fields: readonly string[]): Schema {
  const each = fields.map((field) => ({ required: [field] }))
  return { oneOf: [{ not: { anyOf: each } }, ...each] }
}

/** A rule for `extra`: exactly one of these sets of fields is complete. */
export function exactlyOne(...sets: readonly (readonly string[])[]): Schema {
  return { oneOf: sets.map((fields) => ({ required: fields })) }
}
