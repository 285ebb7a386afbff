// `serin lint` without files and processes: texts in, findings in the order of the files out, and their lines for people.

import type { KindSpec } from '../api/kind.ts'
import type { ObjectProblem, ProblemObject } from '../route/catalogue.ts'
import { compare, lint } from './lint.ts'
import { readManifests } from './manifests.ts'
import type { FileFinding, Manifest, PlacedObject } from './manifests.ts'
import { counted, lineText, placeText } from './problem-text.ts'

/** What was found, and in how much. */
export interface LintReport {
  readonly findings: readonly FileFinding[]
  readonly objects: number
  readonly files: number
}

/** Lints texts against the kinds they may hold. What they refer to must be among them. Findings come by file and line. */
export function lintManifests(manifests: readonly Manifest[], kinds: readonly KindSpec[]): LintReport {
  const { objects, findings } = readManifests(manifests, kinds)
  // Kinds of the same name in two groups: the one that was judged has the findings.
  const judgedLast = objects.toSorted((a, b) => Number(a.kind === 'known') - Number(b.kind === 'known'))
  const places = new Map(judgedLast.map((placed) => [keyOf(objectOf(placed)), placed]))
  const order = new Map(manifests.map(({ file }, at) => [file, at]))
  const all = [...findings, ...lint(objects.map(({ object }) => object)).flatMap((problem) => placedFinding(problem, places))]
  const rank = ({ file }: FileFinding): number => order.get(file) ?? 0
  return {
    findings: all.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || compare(a.path, b.path) || compare(a.message, b.message)),
    objects: objects.length,
    files: manifests.length
  }
}

/** `shop.yaml:12: warning: VirtualService default/reviews: spec.http[0].route: the weights sum to 20, ... [weights-not-100]`. */
export function findingLine({ file, line, severity, object, ...problem }: FileFinding): string {
  const about = object === undefined ? '' : `${object.kind} ${object.namespace}/${object.name}: `
  return lineText(`${file}:${line}: ${severity}: ${about}${placeText(problem)}`)
}

/** `1 error, 2 warnings in 3 objects of 2 files`. */
export function reportSummary({ findings, objects, files }: LintReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const found = `${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}`
  return `${found} in ${counted(objects, 'object')} of ${counted(files, 'file')}`
}

function placedFinding(problem: ObjectProblem, places: ReadonlyMap<string, PlacedObject>): FileFinding[] {
  const placed = places.get(keyOf(problem.object))
  // Every problem is in one of the objects that were given. Of a kind that is not served it was said already.
  return placed === undefined || (placed.kind === 'unknown' && problem.code === 'not-applied-yet')
    ? []
    : [{ ...problem, file: placed.file, line: placed.lineOf(problem.path) }]
}

function objectOf({ object: { kind, metadata } }: PlacedObject): ProblemObject {
  return { kind, namespace: metadata.namespace ?? 'default', name: metadata.name ?? '' }
}

function keyOf({ kind, namespace, name }: ProblemObject): string {
  return JSON.stringify([kind, namespace, name])
}
