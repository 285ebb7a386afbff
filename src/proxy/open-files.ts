// How many files this process may open, as far as the system tells. Node raises its soft limit to the hard one when it starts.

import process from 'node:process'
import { isObject } from '../std/json.ts'

/** The limit (`ulimit -Hn`); undefined where there is none or none is known. */
export function openFilesMax(): number | undefined {
  // Without it the report looks up the names of peers.
  Object.assign(process.report, { excludeNetwork: true })
  const report: unknown = process.report.getReport()
  const limits = isObject(report) ? report['userLimits'] : undefined
  const files = isObject(limits) ? limits['open_files'] : undefined
  const soft = isObject(files) ? files['soft'] : undefined
  return typeof soft === 'number' ? soft : undefined
}
