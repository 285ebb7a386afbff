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

/** A result to be filled. */
export interface OpenResult extends SuiteResult {
  readonly passed: string[]
  readonly failed: NamedCase[]
  readonly deliberate: NamedCase[]
  readonly unsupported: NamedCase[]
}

/** Nothing judged yet. */
export function emptyResult(suite: string): OpenResult {
  return { suite, passed: [], failed: [], deliberate: [], unsupported: [] }
}

/** Where what went wrong of a case goes: passed when nothing did. */
export function fail(result: OpenResult, id: string, wrong: readonly string[]): void {
  const [first, ...rest] = wrong
  if (first !== undefined) result.failed.push({ id, why: rest.length === 0 ? first : `${first} (and ${rest.length} more)` })
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
