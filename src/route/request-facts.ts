// What routing may ask about a request. An interface, so that the engine answers from bytes at offsets and tests from plain objects.

import type { Claims } from './token-rule.ts'

/** Where a request came into the mesh: it selects the scope of rules that see it. */
export type ScopeId = string

/** One request head as routing sees it. Strings are made when asked for; header names are asked for in lower case. */
export interface RequestFacts {
  readonly method: string
  /** Origin form with query, as received. */
  readonly path: string
  /** Host header (or :authority) as received. */
  readonly authority: string
  readonly scheme: 'http' | 'https'
  /** The client's address, `ip:port`, and the address it called. */
  readonly remote: string
  readonly local: string
  /** Claims of the token that the request was accepted with; absent: none. */
  readonly claims?: Claims | undefined
  /** It speaks gRPC, where that is known already; absent: to be read from `content-type`. */
  readonly grpc?: boolean
  /** All values of the header joined by a comma (`cookie`: by `; `), undefined when absent. */
  header(name: string): string | undefined
  /** The lines of a header one by one (Envoy matches each alone). Without this method the joined value counts as one line. */
  lines?(name: string): readonly string[]
}
