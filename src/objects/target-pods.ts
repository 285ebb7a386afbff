// What kinds of targets with a pod template have in common: Deployments and DaemonSets.

import { type KubeObject, isOwned } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import type { LabelRules } from '../canary/label-rules.ts'
import type { SelectorLabel } from './render-deployment.ts'
import { releaseService, serviceWrites } from './render-service.ts'
import type { TargetKind } from './target-kind.ts'

/** The label that tells the pods of target and primary apart: the first of the `selectors` in the target's matchLabels. */
export function selectorLabel(target: KubeObject | undefined, { selectors }: LabelRules): SelectorLabel | undefined {
  const labels = dig(target, 'spec', 'selector', 'matchLabels')
  if (!isObject(labels)) return undefined
  const key = selectors.find((name) => typeof labels[name] === 'string')
  return key === undefined ? undefined : { key, value: String(labels[key]) }
}

/** The part of a kind that follows from its pod template. */
export const WITH_PODS = {
  primaryName: ({ target }) => `${target}-primary`,
  identityOf: (object) => dig(object, 'spec', 'template'),
  podSpecOf: (object) => dig(object, 'spec', 'template', 'spec'),
  markOf: (primary) => dig(primary, 'spec', 'template', 'metadata', 'annotations', 'flagger-id'),
  labelOf: selectorLabel,
  faultOf: (target, labels) =>
    selectorLabel(target, labels) === undefined
      ? `spec.selector.matchLabels must contain one of ${labels.selectors.join(', ')}`
      : undefined,
  sideServices: (source, { canaryService, primaryService }) => [
    ...serviceWrites(source, 'canary', canaryService),
    ...serviceWrites(source, 'primary', primaryService)
  ],
  mainService: (source, { apexService }) => serviceWrites(source, 'apex', apexService),
  releaseMain: (source, { apexService }) =>
    apexService === undefined || isOwned(apexService, source.canary) ? [] : releaseService(source, apexService)
} as const satisfies Partial<TargetKind>
