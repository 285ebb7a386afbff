// `serin lint`: findings of files on standard output.

import { findingLine, lintManifests, reportSummary } from '../lint/lint-manifests.ts'
import { KINDS } from './kinds.ts'
import type { LintOptions } from './options.ts'
import { readFiles, skippedLine } from './read-files.ts'
import { say } from './terminal.ts'

/** Lints files; resolves with the exit status: 1 when an error, or what `--fail-on` says, was found. */
export async function lintFiles({ files, failOn }: LintOptions): Promise<number> {
  const { manifests, skipped } = await readFiles(files)
  const report = lintManifests(manifests, KINDS)
  for (const finding of report.findings) say(findingLine(finding))
  const beside = skippedLine(skipped)
  if (beside !== undefined) say(beside)
  say(reportSummary(report))
  return report.findings.some(({ severity }) => severity === 'error' || failOn === 'warning') ? 1 : 0
}
