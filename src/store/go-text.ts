// Values as Go prints them: a real API server repeats a patch in this form in its messages.

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
