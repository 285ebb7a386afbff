// What is wrong with a user's input, as data: problems are collected, never thrown.

/** One thing wrong, at a field path such as `spec.http[0].route[1].weight` (empty: the whole input). */
export interface Problem {
  /** Stable machine word, e.g. `FieldValueInvalid`, `weights-not-100`. */
  readonly code: string
  readonly severity: 'error' | 'warning'
  readonly path: string
  /** One sentence: what is wrong and what to do, without the path. */
  readonly message: string
}

/** A result that carries what is wrong with its input; `value` is undefined when nothing usable could be read. */
export interface Checked<T> {
  readonly value: T | undefined
  readonly problems: readonly Problem[]
}
