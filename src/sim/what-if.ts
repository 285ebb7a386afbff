// One thing of a rehearsal set otherwise: the gate's alpha, the weights, the traffic. Each change is tried by itself.

import { GATE_ANNOTATIONS } from '../canary/gate-request.ts'
import { PACE } from '../canary/pace.ts'
import { planOf } from '../canary/plan.ts'
import { isObject } from '../std/json.ts'
import type { Rehearsed } from './rehearsed.ts'
import type { Service } from './service.ts'

/** A change. */
export type Change =
  | { readonly kind: 'alpha'; readonly alpha: number }
  | { readonly kind: 'steps'; readonly weights: readonly number[] }
  | { readonly kind: 'rate'; readonly rate: number }
  | { readonly kind: 'pace'; readonly pace: PaceWord }

/** interval: that of the Canary; evidence: the gate says when to go on; auto: and begins as low as the traffic allows. */
export type PaceWord = 'interval' | 'evidence' | 'auto'

const PACES: Readonly<Record<PaceWord, string>> = { interval: 'interval', evidence: 'evidence', auto: 'evidence, ladder=auto' }

/** `alpha 0.001`, `steps 5,25,50`, `rate 10`. */
export function changeText(change: Change): string {
  switch (change.kind) {
    case 'alpha':
      return `alpha ${change.alpha}`
    case 'steps':
      return `steps ${change.weights.join(',')}`
    case 'rate':
      return `rate ${change.rate}`
    case 'pace':
      return `pace ${change.pace}`
  }
}

/** The rehearsed Canary and the service with it. */
export function changed(
  rehearsed: Rehearsed,
  service: Service,
  change: Change
): { readonly rehearsed: Rehearsed; readonly service: Service } {
  switch (change.kind) {
    case 'rate':
      return { rehearsed, service: { ...service, rate: change.rate } }
    case 'alpha':
      return { rehearsed: annotated(rehearsed, GATE_ANNOTATIONS.alpha, String(change.alpha)), service }
    case 'pace':
      return { rehearsed: annotated(rehearsed, PACE, PACES[change.pace]), service }
    case 'steps':
      return { rehearsed: withSteps(rehearsed, change.weights), service }
  }
}

function annotated(rehearsed: Rehearsed, name: string, text: string): Rehearsed {
  const { metadata } = rehearsed.canary
  const canary = { ...rehearsed.canary, metadata: { ...metadata, annotations: { ...metadata.annotations, [name]: text } } }
  return { ...rehearsed, canary, plan: planOf(canary, rehearsed.config) }
}

function withSteps(rehearsed: Rehearsed, weights: readonly number[]): Rehearsed {
  const spec = rehearsed.canary['spec']
  const fields = isObject(spec) ? spec : {}
  const { stepWeight: _, maxWeight: __, ...analysis } = isObject(fields['analysis']) ? fields['analysis'] : {}
  const canary = { ...rehearsed.canary, spec: { ...fields, analysis: { ...analysis, stepWeights: weights } } }
  return { ...rehearsed, canary, plan: planOf(canary, rehearsed.config) }
}
