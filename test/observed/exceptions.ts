// The cases that do not pass, each with its reason: not yet, or on purpose (docs/decisions/060-observed-differences.md). A case of the first
// table that passes fails the run, and so does one of the second that differs in anything else: both tables can only become truer.

/** Why some cases do not pass yet. */
export interface NotYet {
  readonly why: string
  readonly ids: readonly string[]
}

/** A case that differs on purpose, in lines that match `only`. */
export interface Deliberate {
  readonly id: string
  readonly why: string
  readonly only: RegExp
}

export const NOT_YET: readonly NotYet[] = [
  {
    why: "the data plane's answers and headers, group match-uri",
    ids: ['path-normal-match', 'path-refused']
  },
  {
    why: 'fault injection is not compiled yet',
    ids: ['fault-abort-fraction']
  },
  {
    why: 'maximum duration of a connection is not applied yet',
    ids: ['pool-max-connection-duration']
  },
  {
    why: 'outlier detection is not applied yet',
    ids: [
      'outlier-consecutive-5xx',
      'outlier-growth',
      'outlier-reset-by-success',
      'outlier-default-percent',
      'outlier-empty',
      'outlier-ten-endpoints',
      'outlier-percent-two-of-four',
      'outlier-all-ejected',
      'outlier-gateway-and-5xx',
      'outlier-reset',
      'outlier-timeout',
      'outlier-refused',
      'outlier-split-local',
      'outlier-split-5xx'
    ]
  },
  {
    why: 'priorities and locality weights are not applied yet',
    ids: ['lb-round-robin-retry', 'lb-passthrough', 'lb-locality-default', 'lb-locality-failover-region', 'lb-locality-distribute']
  },
  {
    why: 'token claims are not applied yet',
    ids: ['jwt-list', 'jwt-nested', 'jwt-not-string', 'jwt-scope', 'jwt-audience', 'jwt-no-authentication']
  },
  {
    why: 'rules of TCP and TLS are facts of another protocol: nothing is asked',
    ids: ['tcp-subnets', 'tcp-idle', 'tls-sni', 'tls-gateway-passthrough']
  }
]

export const DELIBERATE: readonly Deliberate[] = [
  { id: 'redirect-prefix', why: 'prefixRewrite is newer than the API version that is served', only: /^request \d: / }
]

/** The reason why a case is known not to pass, or to differ on purpose. */
export function exceptionOf(id: string): { readonly kind: 'not-yet' | 'deliberate'; readonly why: string } | undefined {
  const notYet = NOT_YET.find(({ ids }) => ids.includes(id))
  if (notYet !== undefined) return { kind: 'not-yet', why: notYet.why }
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
