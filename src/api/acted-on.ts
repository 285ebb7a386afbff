// Which fields of a kind are acted on, as a table, and what of an object is not in it. The tables are beside the code that acts; what is
// set and not in them is named to the user, so that a field can be forgotten there but never be ignored in silence.

import { isObject } from '../std/json.ts'

/** All of the value is acted on, whatever is below it. */
export const ACTED = 'acted-on'

/** Nothing is to be done with the value; the reason is for readers of the table. */
export interface Idle {
  readonly idle: string
}

/** Acted on for some values; for the others the field is named. */
export interface Partly {
  readonly only: (value: unknown) => boolean
  /** What is named for the others; default: the field. */
  readonly called: string | undefined
}

/** An object with a treatment for each field. */
export interface Inside {
  readonly fields: Readonly<Record<string, Treatment>>
}

/** What becomes of a field; items of a list are treated as the list says. */
export type Treatment = typeof ACTED | Idle | Partly | Inside

/** A field that is set and not acted on: its path and its name for people. */
export interface Unacted {
  readonly path: string
  readonly field: string
}

/** The treatment of an object, or of each object of a list: what is not named inside is not acted on. */
export function inside(fields: Readonly<Record<string, Treatment>>): Inside {
  return { fields }
}

/** Acted on where the test says so; `called` is what is named otherwise (default: the field). */
export function only(test: (value: unknown) => boolean, called?: string): Partly {
  return { only: test, called }
}

/** These fields are acted on whole. */
export function each(...names: readonly string[]): Record<string, Treatment> {
  return Object.fromEntries(names.map((name) => [name, ACTED]))
}

/** Every field of `value` that is set and not acted on, outermost only, in the order of the value. False, '', null and [] are not set. */
export function unactedFields(treatment: Treatment, value: unknown, path: string): Unacted[] {
  if (treatment === ACTED || 'idle' in treatment || !isSet(value)) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => unactedFields(treatment, item, `${path}[${index}]`))
  if ('only' in treatment) return treatment.only(value) ? [] : [unacted(path, treatment.called)]
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, field]) => {
    const inner = Object.hasOwn(treatment.fields, name) ? treatment.fields[name] : undefined
    if (inner !== undefined) return unactedFields(inner, field, `${path}.${name}`)
    return isSet(field) ? [unacted(`${path}.${name}`)] : []
  })
}

function unacted(path: string, called?: string): Unacted {
  return { path, field: called ?? path.slice(path.lastIndexOf('.') + 1) }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)
}
