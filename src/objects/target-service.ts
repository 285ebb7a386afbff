// Services as targets: there are no pods to make, scale or wait for, only two clones to share traffic between (flagger.md 3.1).

import { dig } from '../std/json.ts'
import { PROMOTION_ANNOTATION } from './revision.ts'
import { canaryCloneWrites, chosenSpec, copyToClone, primaryClone } from './service-clone.ts'
import type { TargetKind } from './target-kind.ts'
import { RESOURCES } from './write.ts'

export const SERVICE: TargetKind = {
  resource: RESOURCES.services,
  primaryName: ({ apex }) => `${apex}-primary`,
  identityOf: chosenSpec,
  podSpecOf: () => undefined,
  markOf: (primary) => dig(primary, 'metadata', 'annotations', PROMOTION_ANNOTATION),
  // Clones select what the target selects: no label is added.
  labelOf: () => ({ key: '', value: '' }),
  faultOf: () => undefined,
  // Nobody but its author knows what is behind a Service; as with Flagger it counts as ready, with something there.
  readinessOf: () => ({ kind: 'ready', because: '', pods: 1 }),
  isAtZero: () => false,
  isEmpty: () => true,
  scale: () => [],
  primaryOf: primaryClone,
  copyTo: copyToClone,
  sideServices: (source, { canaryService }) => canaryCloneWrites(source, canaryService),
  // The target is the main Service, and stays as it is.
  mainService: () => [],
  releaseMain: () => []
}
