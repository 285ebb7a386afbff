// A regular expression of a rule, compiled when the first text is put to it: of thousands of rules few are ever asked.

import { RE2JS } from 're2js'

/** Owns the compiled form. The text was checked when it was written; one that RE2 refuses throws at its first use. */
export class Expression {
  readonly text: string
  #compiled: RE2JS | undefined

  constructor(text: string) {
    this.text = text
  }

  /** True when the whole of `text` matches. */
  testExact(text: string): boolean {
    return this.compiled.testExact(text)
  }

  /** The compiled form, for what needs more than a test. */
  get compiled(): RE2JS {
    this.#compiled ??= RE2JS.compile(this.text)
    return this.#compiled
  }

  /** Whether anybody has used it. */
  get isCompiled(): boolean {
    return this.#compiled !== undefined
  }
}
