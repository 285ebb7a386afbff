// What a conformance suite reports, and the lines it is printed as.

/** One case by id, with a reason. */
export interface NamedCase {
  readonly id: string
  readonly why: string
}

/** The outcome of a suite. */
export interface SuiteResult {
  readonly suite: string
  readonly passed: readonly string[]
  readonly failed: readonly NamedCase[]
  /** Differences that the recordings' README allows, or that are written down as ours. */
  readonly deliberate: readonly NamedCase[]
  readonly unsupported: readonly NamedCase[]
}

/** A line with the counts, then each failure by id, then what is not supported yet, by feature. */
export function suiteLines(result: SuiteResult): string[] {
  const { passed, failed, deliberate, unsupported } = result
  const counts = [
    `${passed.length} passed`,
    `${failed.length} failed`,
    `${deliberate.length} deliberate differences`,
    `${unsupported.length} not yet supported`
  ]
  return [
    `${result.suite}: ${counts.join(', ')}`,
    ...failed.map(({ id, why }) => `  failed ${id}: ${why}`),
    ...grouped('deliberate', deliberate),
    ...grouped('not yet supported', unsupported)
  ]
}

function grouped(title: string, cases: readonly NamedCase[]): string[] {
  const reasons = new Map<string, string[]>()
  for (const { id, why } of cases) reasons.set(why, [...(reasons.get(why) ?? []), id.split('/').slice(1).join('/')])
  return [...reasons].map(([why, ids]) => `  ${title} (${why}): ${ids.join(' ')}`)
}
