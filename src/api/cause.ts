// One thing that the API server refuses in an object, in Kubernetes' own words: what `details.causes` of a 422 answer holds and what
// its message joins (kubernetes.md 3.7).

/** Reason, text without the field, and the field path; '<nil>' where Kubernetes names no field. */
export interface Cause {
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden'
    | 'FieldValueNotFound'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
  readonly message: string
  readonly field: string
}

/** The field of causes that concern no one field. */
export const NO_FIELD = '<nil>'

/** A required field is missing; `detail` is appended where Kubernetes says more. */
export function missing(field: string, detail = ''): Cause {
  return { reason: 'FieldValueRequired', message: detail === '' ? 'Required value' : `Required value: ${detail}`, field }
}

/** A value is wrong for the reason in `detail`. */
export function invalid(field: string, value: unknown, detail: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${detail}`, field }
}

/** A value is none of `supported`. */
export function notSupported(field: string, value: unknown, supported: readonly unknown[]): Cause {
  const words = supported.map((word) => JSON.stringify(typeof word === 'string' ? word : JSON.stringify(word)))
  return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${shown(value)}: supported values: ${words.join(', ')}`, field }
}

/** A value occurs twice where it may not. */
export function duplicate(field: string, value: unknown): Cause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(value)}`, field }
}

/** The causes joined as Kubernetes' message does: `a: Required value`, or `[a: ..., b: ...]`. */
export function causeText(causes: readonly Cause[]): string {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`)
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value)
}
