// A new pod of a controller's template, under a name of its own.

import type { KubeObject, ObjectMeta } from '../api/object.ts'
import { assert } from '../std/bug.ts'
import type { Draw } from '../std/draw.ts'
import type { Pod, PodTemplateSpec } from '../api/builtin-types-pod.ts'
import { referenceTo } from './meta.ts'
import { NAME_LETTERS } from './template-hash.ts'

/** Who makes the pod, from what, and with which labels beside the template's. `taken` holds names that are in use. */
export interface PodSource {
  readonly owner: KubeObject
  readonly template: PodTemplateSpec
  readonly labels?: Readonly<Record<string, string>>
  readonly taken: ReadonlySet<string | undefined>
}

/** A pod named `<owner>-<five letters>` that belongs to its owner. */
export function newPod({ owner, template, labels, taken }: PodSource, draw: Draw): Pod {
  const { metadata, spec } = template
  assert(spec !== undefined, `a ${owner.kind} without a pod to make`)
  const { namespace, name: stem } = owner.metadata
  let name = ''
  do name = `${stem}-${suffix(draw)}`
  while (taken.has(name))
  const all = labels === undefined ? metadata?.labels : { ...metadata?.labels, ...labels }
  const meta: ObjectMeta = {
    name,
    generateName: `${stem}-`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(all === undefined ? {} : { labels: all }),
    ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
    ...(metadata?.finalizers === undefined ? {} : { finalizers: metadata.finalizers }),
    ownerReferences: [referenceTo(owner)]
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata: meta, spec }
}

function suffix(draw: Draw): string {
  return Array.from({ length: 5 }, () => NAME_LETTERS[Math.floor(draw() * NAME_LETTERS.length)] ?? '').join('')
}
