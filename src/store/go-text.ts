// The words of Go for JSON values: a real API server repeats a patch as Go prints it, and says what it could not read into what.

import { isObject } from '../std/json.ts'

/** A JSON value as Go's `%v` prints it: `map[a:1 b:[x y]]`, keys sorted, null as `<nil>`. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (isObject(value)) {
    const entries = Object.keys(value).toSorted()
    return `map[${entries.map((key) => `${key}:${goText(value[key])}`).join(' ')}]`
  }
  return typeof value === 'string' ? value : value === null || value === undefined ? '<nil>' : JSON.stringify(value)
}

/** The words for a value that is not of the JSON type a Go server reads it into. */
export function notDecoded(value: unknown, wanted: string): string {
  const given = Array.isArray(value) ? 'array' : value === null ? 'null' : JSON_TYPES[typeof value]
  return `json: cannot unmarshal ${given} into Go value of type ${wanted}`
}

const JSON_TYPES: Readonly<Record<string, string>> = { object: 'object', string: 'string', number: 'number', boolean: 'bool' }
