// The files of `serin rehearse`: the Canary that is meant, made by `serin convert` where there are only Rollouts, what it refers to, and the
// Rollout of the same workload.

import type { KubeObject } from '../api/object.ts'
import { type Input, readInput } from '../convert/argo-input.ts'
import { argoPlanOf, rolloutOf } from '../convert/argo-plan.ts'
import { convertRollouts } from '../convert/convert-rollouts.ts'
import { findingLine } from '../lint/lint-manifests.ts'
import { type Manifest, readManifests } from '../lint/manifests.ts'
import { templatesOf } from '../lint/rollouts.ts'
import { type GateConfig, gateConfigName } from '../canary/gate-options.ts'
import { planOf } from '../canary/plan.ts'
import type { Question } from '../sim/rehearsal.ts'
import { convertedText } from './convert.ts'
import { KINDS } from './kinds.ts'
import { plainText } from './plain-text.ts'

/** What the files say of a question. */
export type FromFiles = Pick<Question, 'canary' | 'target' | 'config' | 'templates' | 'argo' | 'madeFrom'>

/** What is looked for. */
export interface Wanted {
  /** `NAME` or `NAMESPACE/NAME`; undefined: the only one. */
  readonly canary: string | undefined
  readonly files: readonly string[]
}

/** Reads the files; a text says why there is nothing to rehearse. */
export function questionFrom(manifests: readonly Manifest[], wanted: Wanted, complain: (line: string) => void): FromFiles | string {
  const { input } = readInput(manifests)
  const written = knownIn(manifests, complain)
  const isMade = input.rollouts.length > 0 && !written.some(({ kind }) => kind === 'Canary')
  const objects = isMade ? [...written, ...converted(manifests, complain)] : written
  const canary = chosen(objects, wanted)
  if (typeof canary === 'string') return canary
  const argo = argoSide(input, canary)
  return { canary, ...beside(objects, canary), argo, madeFrom: isMade ? argo?.rollout : undefined }
}

function knownIn(manifests: readonly Manifest[], complain: (line: string) => void): readonly KubeObject[] {
  const { objects, findings } = readManifests(manifests, KINDS)
  for (const finding of findings) if (finding.severity === 'error') complain(findingLine(finding))
  return objects.filter(({ kind }) => kind === 'known').map(({ object }) => object)
}

// What `serin convert` prints, read as if it were a file beside the others. Of its notes those that say what is lost are said here.
function converted(manifests: readonly Manifest[], complain: (line: string) => void): readonly KubeObject[] {
  const { objects, lines } = convertRollouts(manifests)
  for (const line of lines) if (/:\d+: error /.test(line)) complain(plainText(line))
  return knownIn([{ file: 'serin convert', text: convertedText(objects) }], complain)
}

function argoSide(input: Input, canary: KubeObject): Question['argo'] {
  const { target, apex } = planOf(canary)
  const rollout = rolloutOf(input, { target, apex, namespace: namespaceOf(canary) })
  return rollout === undefined ? undefined : { ...argoPlanOf(rollout, input), rollout: nameOf(rollout.object) }
}

function chosen(objects: readonly KubeObject[], { canary: wanted, files }: Wanted): KubeObject | string {
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
