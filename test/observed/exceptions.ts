// The cases that do not pass, each with its reason: not yet, or on purpose (docs/decisions/060-observed-differences.md). A case of the first
// table that passes fails the run, and so does one of the second that differs in anything else: both tables can only become truer.

/** A case that differs on purpose, in lines that match `only`. */
export interface Deliberate {
  readonly id: string
  readonly why: string
  readonly only: RegExp
}

const NOT_HTTP = 'rules of TCP and TLS are facts of another protocol: nothing is asked'

/** The cases that do not pass yet, with the reason. */
export const NOT_YET: Readonly<Record<string, string>> = {
  'tcp-subnets': NOT_HTTP,
  'tcp-idle': NOT_HTTP,
  'tls-sni': NOT_HTTP,
  'tls-gateway-passthrough': NOT_HTTP
}

const FRAGMENT = 'a fragment in the target is refused with the reason as the body and flag DPE, like every malformed head'

const REFUSED = /content-(length|type): |flags: got "DPE"|details: got "http1.codec_error"/

/** The cases that differ on purpose. */
export const DELIBERATE: readonly Deliberate[] = [
  { id: 'path-normal-match', why: FRAGMENT, only: REFUSED },
  { id: 'path-refused', why: FRAGMENT, only: REFUSED },
  { id: 'redirect-prefix', why: 'prefixRewrite is newer than the API version that is served', only: /^request \d: / }
]

/** The reason why a case is known not to pass, or to differ on purpose. */
export function exceptionOf(id: string): { readonly kind: 'not-yet' | 'deliberate'; readonly why: string } | undefined {
  const notYet = NOT_YET[id]
  if (notYet !== undefined) return { kind: 'not-yet', why: notYet }
  const deliberate = DELIBERATE.find((one) => one.id === id)
  return deliberate === undefined ? undefined : { kind: 'deliberate', why: deliberate.why }
}

/** What is wrong with the differences of a case, given what the tables say of it. */
export function judge(id: string, differences: readonly string[]): readonly string[] {
  const exception = exceptionOf(id)
  if (exception === undefined) return differences
  if (differences.length === 0) return ['it passes: take it off the table in test/observed/exceptions.ts']
  const only = DELIBERATE.find((one) => one.id === id)?.only
  return only === undefined ? [] : differences.filter((line) => !only.test(line))
}
