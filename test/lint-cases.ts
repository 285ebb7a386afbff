// Cases of the conformance data as `serin lint` judges them: manifests in, findings with istioctl's codes out.

import { existsSync, readFileSync } from 'node:fs'
import { ISTIO_KINDS } from '../src/api/istio-kinds.ts'
import { lintManifests } from '../src/lint/lint-manifests.ts'
import type { FileFinding } from '../src/lint/manifests.ts'
import { isObject } from '../src/std/json.ts'
import { dataPath } from './data.ts'

/** The cases of a file of the data, which is a list or has one; [] when the file is missing. Their shapes are in the README of the data. */
export function readCases(file: string): readonly unknown[] {
  const path = dataPath(file)
  if (!existsSync(path)) return []
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const cases = isObject(content) ? content['cases'] : content
  return Array.isArray(cases) ? cases : []
}

/** What `serin lint` finds in some YAML or JSON of Istio's kinds. */
export function findingsIn(text: string): readonly FileFinding[] {
  return lintManifests([{ file: 'case.yaml', text }], ISTIO_KINDS).findings
}

/** What Istio or the schema of its kinds refuses. */
export function refusalsIn(found: readonly FileFinding[]): FileFinding[] {
  return found.filter(({ istio }) => istio === 'IST0106')
}

/** Codes of what Istio's admission check itself warns of; other findings compare objects with each other. */
const WARNED = ['IST0130', 'IST0131', 'IST0133', 'IST0134']

/** What Istio warns of at the write. */
export function warningsIn(found: readonly FileFinding[]): FileFinding[] {
  return found.filter(({ istio = '' }) => WARNED.includes(istio))
}

/** Findings as lines. */
export function linesOf(found: readonly FileFinding[]): string {
  return found.map(({ path, message, istio }) => `${istio} ${path}: ${message}`).join('\n')
}
