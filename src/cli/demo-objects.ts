// What the demo reads from the objects of the shop: where the Canary stands, who gets which share, which version runs. Pure.

import type { KubeObject } from '../api/object.ts'
import { dig, listAt } from '../std/json.ts'
import { sum } from '../std/sum.ts'

/** A Canary's status. */
export interface Rollout {
  readonly phase: string
  /** The revision last taken up, as the status spells it; changes when a release begins. */
  readonly revision: string
  readonly failedChecks: number
  readonly threshold: number
  /** The Promoted condition's words. */
  readonly message: string
}

export function rolloutOf(canary: KubeObject | undefined): Rollout {
  const conditions = dig(canary, 'status', 'conditions')
  const promoted = Array.isArray(conditions) ? conditions.find((condition) => dig(condition, 'type') === 'Promoted') : undefined
  return {
    phase: text(dig(canary, 'status', 'phase')),
    revision: text(dig(canary, 'status', 'lastAppliedSpec')),
    failedChecks: number(dig(canary, 'status', 'failedChecks')),
    threshold: number(dig(canary, 'spec', 'analysis', 'threshold')),
    message: text(dig(promoted, 'message'))
  }
}

/** Percent of requests that a VirtualService's first HTTP route sends to `host` (and `subset`); undefined without such a route. */
export function shareOf(virtualService: KubeObject | undefined, host: string, subset?: string): number | undefined {
  const all = listAt(listAt(virtualService, 'spec', 'http')[0], 'route')
  // Istio: a single destination gets everything, whatever its weight.
  const weights = all.map((each) => (all.length === 1 ? 100 : number(dig(each, 'weight'))))
  const whole = sum(weights)
  const isMeant = (each: unknown): boolean => dig(each, 'destination', 'host') === host && dig(each, 'destination', 'subset') === subset
  const mine = sum(weights.filter((_, index) => isMeant(all[index])))
  return whole === 0 ? undefined : (100 * mine) / whole
}

/** The tag of the image of a Deployment's first container. */
export function tagOf(deployment: KubeObject | undefined): string {
  const containers = dig(deployment, 'spec', 'template', 'spec', 'containers')
  const image = text(dig(Array.isArray(containers) ? containers[0] : undefined, 'image'))
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1]
  return tag ?? ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
