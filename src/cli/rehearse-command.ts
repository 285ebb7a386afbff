// `serin rehearse`: reads the Canary as `serin lint` reads files, rehearses it, and prints what it found.

import { writeFileSync } from 'node:fs'
import type { KubeObject } from '../api/object.ts'
import { findingLine } from '../lint/lint-manifests.ts'
import { readManifests } from '../lint/manifests.ts'
import { type GateConfig, gateConfigName } from '../canary/gate-options.ts'
import { templatesOf } from '../lint/rollouts.ts'
import { planOf } from '../canary/plan.ts'
import { type Question, rehearsal } from '../sim/rehearsal.ts'
import { rehearsalJson } from '../sim/rehearsal-json.ts'
import { rehearsalSvg } from '../sim/rehearsal-svg.ts'
import { rehearsalLines } from '../sim/rehearsal-text.ts'
import { USUAL } from '../sim/service.ts'
import { KINDS } from './kinds.ts'
import { escaped, plainText } from './plain-text.ts'
import { readFiles, UnreadableError } from './read-files.ts'
import type { RehearseOptions } from './rehearse-options.ts'

/** Where lines go. */
export interface RehearseIo {
  readonly say: (text: string) => void
  readonly complain: (line: string) => void
}

/** Rehearses; resolves with the exit status. */
export async function rehearseFiles(options: RehearseOptions, { say, complain }: RehearseIo): Promise<number> {
  const { manifests } = await readFiles(options.files)
  const { objects, findings } = readManifests(manifests, KINDS)
  for (const finding of findings) if (finding.severity === 'error') complain(findingLine(finding))
  const known = objects.filter(({ kind }) => kind === 'known').map(({ object }) => object)
  const canary = chosen(known, options)
  if (typeof canary === 'string') {
    complain(canary)
    return 1
  }
  const { regressions, disturbance, runs, seed, changes, rate, baseErrors } = options
  const service = { ...USUAL, rate, errors: baseErrors }
  const found = await rehearsal({ canary, ...beside(known, canary), service, regressions, disturbance, runs, seed, changes })
  if (typeof found === 'string') {
    complain(plainText(found))
    return 1
  }
  if (options.svg !== undefined) writePicture(options.svg, rehearsalSvg(found))
  if (options.output === 'json') say(escaped(JSON.stringify(rehearsalJson(found), undefined, 2)))
  else for (const line of rehearsalLines(found)) say(plainText(line))
  return 0
}

function chosen(objects: readonly KubeObject[], { canary: wanted, files }: RehearseOptions): KubeObject | string {
  const canaries = objects.filter(({ kind }) => kind === 'Canary')
  const names = canaries.map(nameOf)
  const fitting = canaries.filter((each) => wanted === undefined || nameOf(each) === wanted || each.metadata.name === wanted)
  const [first] = fitting
  if (first !== undefined && fitting.length === 1) return first
  const where = files.join(', ')
  if (names.length === 0) return plainText(`${where}: there is no Canary to rehearse`)
  const choice = `use --canary with one of ${names.join(', ')}`
  return plainText(
    fitting.length === 0 ? `${where}: there is no Canary ${wanted ?? ''}: ${choice}` : `${where}: there are several Canaries: ${choice}`
  )
}

// What the Canary refers to.
function beside(objects: readonly KubeObject[], canary: KubeObject): Pick<Question, 'target' | 'config' | 'templates'> {
  const plan = planOf(canary)
  const find = (kind: string, name: string): KubeObject | undefined =>
    objects.find((each) => each.kind === kind && each.metadata.name === name && namespaceOf(each) === namespaceOf(canary))
  const name = gateConfigName(canary)
  const config = name === undefined ? undefined : configOf(name, find('ConfigMap', name))
  return { target: find(plan.targetKind, plan.target), config, templates: templatesOf(objects) }
}

function configOf(name: string, object: KubeObject | undefined): GateConfig {
  return object === undefined ? { kind: 'missing', name, because: 'is not among the files' } : { kind: 'found', object }
}

function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? 'default'
}

function nameOf(object: KubeObject): string {
  return `${namespaceOf(object)}/${object.metadata.name ?? ''}`
}

function writePicture(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new UnreadableError(`--svg ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
