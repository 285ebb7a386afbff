// Whose tokens a gateway accepts, as plain data (istio.md 1.3, RequestAuthentication). Types only: compile-tokens.ts makes it, tokens.ts reads
// requests by it.

import type { StringTest } from './route-table.ts'

/** The claims of a token that was accepted. */
export type Claims = Readonly<Record<string, unknown>>

/** One issuer. Without headers, parameters and cookies a token is looked for where most clients put it. */
export interface TokenRule {
  /** The iss claim; undefined: any. */
  readonly issuer: string | undefined
  /** Empty: any. */
  readonly audiences: readonly string[]
  /** A JSON Web Key Set; undefined while it was never fetched: no token is accepted. */
  readonly keys: string | undefined
  readonly headers: readonly { readonly name: string; readonly prefix: string }[]
  readonly parameters: readonly string[]
  readonly cookies: readonly string[]
  /** The token goes on upstream. */
  readonly forwards: boolean
  /** Headers that get a claim, and one that gets the whole payload. */
  readonly claimHeaders: readonly { readonly header: string; readonly claim: string }[]
  readonly payloadHeader: string | undefined
  /** Claims that are lists with spaces between. */
  readonly lists: readonly string[]
}

/** A test of a claim: `path` leads to it through nested ones. */
export interface ClaimTest {
  readonly path: readonly string[]
  readonly invert: boolean
  readonly test: StringTest
}
