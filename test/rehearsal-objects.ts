// A Canary as Flagger's documentation has it, for rehearsals: up by 10 to 50, a look a minute, back after five failed checks.

import type { KubeObject } from '../src/api/object.ts'
import { type Rehearsed, rehearsedOf } from '../src/sim/rehearsed.ts'

/** Its analysis, at another interval; 99 % of requests good, 99 % within half a second. */
export function documentedAnalysis(interval = '1m'): Readonly<Record<string, unknown>> {
  const metric = (name: string, thresholdRange: unknown): unknown => ({ name, interval: '1m', thresholdRange })
  const metrics = [metric('request-success-rate', { min: 99 }), metric('request-duration', { max: 500 })]
  return { interval, threshold: 5, stepWeight: 10, maxWeight: 50, metrics }
}

/** These fields of spec.analysis on top, and these annotations. */
export function documentedCanary(analysis: Record<string, unknown> = {}, annotations: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: 'api', namespace: 'test', annotations },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      service: { port: 80 },
      analysis: { ...documentedAnalysis(), ...analysis }
    }
  }
}

/** The same, ready for rehearsals. */
export function documented(analysis: Record<string, unknown> = {}, annotations: Record<string, string> = {}): Rehearsed {
  const rehearsed = rehearsedOf(documentedCanary(analysis, annotations), undefined)
  if (typeof rehearsed === 'string') throw new Error(rehearsed)
  return rehearsed
}
