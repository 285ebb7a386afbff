// The primary's copies of what the target's pods read: data, binaryData and a Secret's type (flagger.md 3.1).

import { type KubeObject, type OwnerReference, type ResourceRef, isOwned } from '../api/object.ts'
import { renamedConfigs } from '../canary/config-refs.ts'
import { copyName, type TrackedConfig } from './configs.ts'
import { chosenLabels, type LabelRules } from '../canary/label-rules.ts'
import { PROMOTION_ANNOTATION } from './revision.ts'
import { addEntries, ownerOf, type PatchOperation, patchOf, RESOURCES, setAt, type Write } from './write.ts'

/** How copies are made: which labels come along, and `mark` is that of the promotion under way. */
export interface CopyTerms {
  readonly canary: KubeObject
  readonly labels: LabelRules
  readonly mark: string | undefined
}

/** Creates the copies, or brings those that are there up to date. */
export function copyWrites(configs: readonly TrackedConfig[], terms: CopyTerms): readonly Write[] {
  return configs.flatMap((config) => (config.copy === undefined ? [createCopy(config, terms)] : updateCopy(config, config.copy, terms)))
}

/** A pod spec that reads the copies of `configs`. */
export function readingCopies(podSpec: unknown, configs: readonly TrackedConfig[]): unknown {
  return renamedConfigs(podSpec, ({ kind, name }) =>
    configs.some((config) => config.kind === kind && config.name === name) ? copyName(name) : name
  )
}

const CONTENT = ['data', 'binaryData'] as const

function createCopy({ kind, name, object }: TrackedConfig, { canary, labels: rules, mark }: CopyTerms): Write {
  const labels = chosenLabels(object.metadata.labels, rules)
  const content = [...CONTENT, 'type'].map((key) => [key, object[key]] as const).filter(([, value]) => value !== undefined)
  const copy: KubeObject = {
    apiVersion: 'v1',
    kind: kind === 'secret' ? 'Secret' : 'ConfigMap',
    metadata: {
      name: copyName(name),
      ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(mark === undefined ? {} : { annotations: { [PROMOTION_ANNOTATION]: mark } }),
      ownerReferences: [ownerOf(canary)]
    },
    ...Object.fromEntries(content)
  }
  return { verb: 'create', resource: resourceOf(kind), object: copy }
}

// Nothing is tested here: a test would carry the old data, and the data may be secret.
function updateCopy({ kind, object }: TrackedConfig, copy: KubeObject, { canary, labels, mark }: CopyTerms): readonly Write[] {
  const content = CONTENT.flatMap((key) => untested(setAt(copy, [key], object[key])))
  return patchOf(resourceOf(kind), copy, [
    ...content,
    ...untested(addEntries(copy, ['metadata', 'labels'], chosenLabels(object.metadata.labels, labels))),
    ...(isOwned(copy, canary) ? [] : untested(setAt(copy, ['metadata', 'ownerReferences'], sharedWith(copy, canary)))),
    ...(content.length === 0 || mark === undefined
      ? []
      : untested(addEntries(copy, ['metadata', 'annotations'], { [PROMOTION_ANNOTATION]: mark })))
  ])
}

// Two Canaries may read one object and share its copy; it stays for as long as one of them does.
function sharedWith(copy: KubeObject, canary: KubeObject): readonly OwnerReference[] {
  const others = (copy.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, controller: false }))
  return [...others, ownerOf(canary)]
}

function untested(operations: readonly PatchOperation[]): readonly PatchOperation[] {
  return operations.filter(({ op }) => op !== 'test')
}

/** Where objects that pods read are. */
export function resourceOf(kind: TrackedConfig['kind']): ResourceRef {
  return kind === 'secret' ? RESOURCES.secrets : RESOURCES.configMaps
}
