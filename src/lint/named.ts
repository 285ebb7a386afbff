// Objects by what they are called: an index, made once for all that refers to them.

import type { KubeObject } from '../api/object.ts'

/** `Kind namespace/name`; without a namespace it is `default`, as in findings. */
export function nameKey(kind: string, namespace: string | undefined, name: string | undefined): string {
  return `${kind} ${namespace || 'default'}/${name ?? ''}`
}

/** What some objects are called. */
export interface Named {
  /** The object of this kind and name, undefined where there is none; of two, in different groups, the first one. */
  readonly find: (kind: string, namespace: string | undefined, name: string | undefined) => KubeObject | undefined
}

/** An index of `objects`. */
export function namedOf(objects: readonly KubeObject[]): Named {
  const byKey = new Map<string, KubeObject>()
  for (const object of objects) {
    const key = nameKey(object.kind, object.metadata.namespace, object.metadata.name)
    if (!byKey.has(key)) byKey.set(key, object)
  }
  return { find: (...called) => byKey.get(nameKey(...called)) }
}
