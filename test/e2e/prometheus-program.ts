// The Prometheus of Debian that `npm test` unpacked, or one that is installed; never started by the system.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ROOT } from './serin.ts'

const UNPACKED = join(ROOT, 'node_modules', '.cache', 'serin', 'prometheus', 'usr', 'bin')

/** The folder that holds prometheus and promtool; undefined: tests that need it are skipped, and named by `npm test`. */
export const PROMETHEUS_FOLDER: string | undefined = [UNPACKED, ...(process.env['PATH'] ?? '').split(delimiter)].find((folder) =>
  ['prometheus', 'promtool'].every((program) => existsSync(join(folder, program)))
)

/** A PATH on which `serin up` finds it. */
export const WITH_PROMETHEUS: string = [PROMETHEUS_FOLDER ?? '', process.env['PATH'] ?? ''].join(delimiter)
