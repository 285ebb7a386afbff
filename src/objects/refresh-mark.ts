// The mark of a target whose pods are made again: written with the scale that ends them, and taken away with the one that makes the next.

import type { KubeObject } from '../api/object.ts'
import type { Scale } from './target-kind.ts'
import { addEntries, type PatchOperation, setAt } from './write.ts'

/** The annotation of a target whose pods are made again. Without it a target that somebody scales to zero is rolled back. */
export const REFRESH_ANNOTATION = 'serin.dev/refresh'

/** True while the target's pods are made again. */
export function isRefreshing(target: KubeObject | undefined): boolean {
  return target?.metadata.annotations?.[REFRESH_ANNOTATION] !== undefined
}

/** The operations on the mark that go with scaling the target. */
export function refreshMark(target: KubeObject, to: Scale): readonly PatchOperation[] {
  if (to === 'refresh') return addEntries(target, ['metadata', 'annotations'], { [REFRESH_ANNOTATION]: 'true' })
  return setAt(target, ['metadata', 'annotations', REFRESH_ANNOTATION], undefined)
}
