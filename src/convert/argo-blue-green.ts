// The blueGreen strategy of a Rollout as iterations: so many looks at a canary without traffic, then one with all of it, then the promotion.

import { gate, type Strategy } from './argo-strategy.ts'
import type { AnalysisUse } from './argo-metrics.ts'
import type { Notes, Source } from './note.ts'
import { mapAt, numberAt, textAt } from './read.ts'

const BASE = 'spec.strategy.blueGreen'

const LEFT_OUT: Readonly<Record<string, string>> = {
  scaleDownDelaySeconds: 'has no counterpart: the old version is gone once the primary runs the new one',
  scaleDownDelayRevisionLimit: 'has no counterpart',
  abortScaleDownDelaySeconds: 'has no counterpart: the canary goes with the rollback',
  previewReplicaCount: 'has no counterpart: the canary has the replicas of its Deployment',
  activeMetadata: 'has no counterpart',
  previewMetadata: 'has no counterpart',
  antiAffinity: 'has no counterpart: write it into the template',
  maxUnavailable: 'belongs to the Deployment: write it into its strategy'
}

/** The blue/green strategy. */
export function blueGreenOf(rollout: Source, notes: Notes): Strategy {
  const blueGreen = mapAt(rollout.object, 'spec', 'strategy', 'blueGreen') ?? {}
  for (const [field, message] of Object.entries(LEFT_OUT))
    if (blueGreen[field] !== undefined) notes.warn(rollout, `${BASE}.${field}`, message)
  const analyses = (['prePromotionAnalysis', 'postPromotionAnalysis'] as const).flatMap((field): AnalysisUse[] => {
    const value = mapAt(blueGreen, field)
    return value === undefined ? [] : [{ path: `${BASE}.${field}`, value }]
  })
  if (blueGreen['postPromotionAnalysis'] !== undefined) {
    notes.warn(
      rollout,
      `${BASE}.postPromotionAnalysis`,
      'is looked at before and once while the new version has all traffic, and not any more after the old one is gone'
    )
  }
  const preview = textAt(blueGreen, 'previewService')
  const manual = blueGreen['autoPromotionEnabled'] === false
  const seconds = numberAt(blueGreen, 'autoPromotionSeconds')
  if (manual && seconds !== undefined)
    notes.warn(rollout, `${BASE}.autoPromotionSeconds`, 'is left out: the gate waits for a person without an end')
  return {
    main: textAt(blueGreen, 'activeService'),
    others: preview === undefined ? [] : [preview],
    shape: { iterations: 1 },
    hooks: manual ? [gate('confirm-promotion', rollout)] : [],
    analyses,
    interval: manual ? undefined : seconds,
    readyThreshold: undefined,
    skipAnalysis: false
  }
}
