// The canary strategy of a Rollout as spec.analysis: its list of steps becomes a ladder of weights with one interval, and what a list can say
// beside that is said in notes.

import type { AnalysisUse } from './argo-metrics.ts'
import { gate, type Strategy } from './argo-strategy.ts'
import type { Notes, Source } from './note.ts'
import { compact, mapAt, numberAt, secondsOf, textAt } from './read.ts'
import { listAt } from '../std/json.ts'

const BASE = 'spec.strategy.canary'

const LEFT_OUT: Readonly<Record<string, string>> = {
  scaleDownDelaySeconds: 'has no counterpart: the canary goes when the promotion is over',
  scaleDownDelayRevisionLimit: 'has no counterpart',
  abortScaleDownDelaySeconds: 'has no counterpart: the canary goes with the rollback',
  dynamicStableScale: 'has no counterpart: the primary keeps its replicas',
  canaryMetadata: 'has no counterpart: the pods of the primary have the label value <target>-primary',
  stableMetadata: 'has no counterpart: the pods of the primary have the label value <target>-primary',
  antiAffinity: 'has no counterpart: write it into the template',
  minPodsPerReplicaSet: 'has no counterpart: the canary has the replicas of its Deployment',
  pingPong: 'is not needed: Services of primary and canary are made and stay what they are'
}

const STEPS_LEFT_OUT: Readonly<Record<string, string>> = {
  setCanaryScale: 'has no counterpart: the canary has the replicas of its Deployment',
  experiment: 'has no counterpart',
  plugin: 'has no counterpart: a webhook of the analysis may stand in'
}

/** The canary strategy. */
export function canaryOf(rollout: Source, notes: Notes): Strategy {
  const canary = mapAt(rollout.object, 'spec', 'strategy', 'canary') ?? {}
  const steps = listAt(canary, 'steps')
  for (const [field, message] of Object.entries(LEFT_OUT)) if (canary[field] !== undefined) notes.warn(rollout, `${BASE}.${field}`, message)
  noteRouting(rollout, canary, notes)
  const { analyses, hooks } = { analyses: analysesOf(rollout, canary, notes), hooks: hooksOf(rollout, steps, notes) }
  const shared = {
    main: textAt(canary, 'stableService'),
    others: [textAt(canary, 'canaryService')].filter((each) => each !== undefined),
    analyses,
    hooks,
    interval: intervalOf(rollout, steps, notes),
    readyThreshold: readyThreshold(rollout, canary, notes)
  }
  if (steps.length === 0) {
    notes.warn(rollout, BASE, 'has no steps: a new version is promoted without analysis (skipAnalysis)')
    return { ...shared, shape: { iterations: 1 }, skipAnalysis: true }
  }
  return { ...shared, shape: { ...shapeOf(rollout, steps, notes), ...mirrorOf(rollout, steps, notes) }, skipAnalysis: false }
}

function noteRouting(rollout: Source, canary: Readonly<Record<string, unknown>>, notes: Notes): void {
  const routing = mapAt(canary, 'trafficRouting')
  if (routing === undefined) {
    notes.warn(rollout, `${BASE}.trafficRouting`, 'is absent: weights were shares of pods and are shares of requests now')
    return
  }
  for (const field of Object.keys(routing)) {
    if (field === 'istio' || field === 'managedRoutes') continue
    if (field === 'maxTrafficWeight') notes.error(rollout, `${BASE}.trafficRouting.${field}`, 'has no counterpart: weights are percent')
    else notes.error(rollout, `${BASE}.trafficRouting.${field}`, 'has no counterpart: traffic is led by Istio only')
  }
}

// Weights that rise, and the first match of header routes where there are no weights at all.
function shapeOf(rollout: Source, steps: readonly unknown[], notes: Notes): Record<string, unknown> {
  const weights: number[] = []
  for (const [index, step] of steps.entries()) {
    const path = `${BASE}.steps[${index}]`
    for (const [field, message] of Object.entries(STEPS_LEFT_OUT))
      if (mapAt(step)?.[field] !== undefined) notes.warn(rollout, `${path}.${field}`, message)
    const weight = numberAt(step, 'setWeight')
    if (weight === undefined || weight === 0) continue
    if (weight > (weights.at(-1) ?? 0)) weights.push(Math.min(100, weight))
    else
      notes.warn(
        rollout,
        `${path}.setWeight`,
        `${weight} is not above the weight before it: a ladder of weights only rises, it is left out`
      )
  }
  const matches = steps.flatMap((step, index) => headerMatches(rollout, step, `${BASE}.steps[${index}].setHeaderRoute`, notes))
  if (weights.length > 0) {
    if (matches.length > 0) {
      const at = steps.findIndex((step) => mapAt(step, 'setHeaderRoute') !== undefined)
      notes.warn(
        rollout,
        `${BASE}.steps[${at}].setHeaderRoute`,
        'is left out: beside weights, a match of a Canary splits what matches by weight and sends it nothing else; without weights it becomes an A/B test'
      )
    }
    return { stepWeights: weights }
  }
  const looks = Math.max(1, steps.filter((step) => mapAt(step, 'pause') !== undefined || mapAt(step, 'analysis') !== undefined).length)
  if (matches.length > 0) return { iterations: looks, match: matches }
  notes.warn(
    rollout,
    `${BASE}.steps`,
    `no step gives the canary traffic: it is looked at ${looks} times without, and then gets all of it (blue/green)`
  )
  return { iterations: looks }
}

function headerMatches(rollout: Source, step: unknown, path: string, notes: Notes): readonly Record<string, unknown>[] {
  return listAt(step, 'setHeaderRoute', 'match').flatMap((match, index) => {
    const [name, value] = [textAt(match, 'headerName'), mapAt(match, 'headerValue')]
    if (name !== undefined && value !== undefined) return [{ headers: { [name]: value } }]
    notes.error(rollout, `${path}.match[${index}]`, 'needs headerName and headerValue')
    return []
  })
}

function mirrorOf(rollout: Source, steps: readonly unknown[], notes: Notes): Record<string, unknown> {
  const at = steps.findIndex((step) => listAt(step, 'setMirrorRoute', 'match').length > 0)
  if (at < 0) return {}
  const path = `${BASE}.steps[${at}].setMirrorRoute`
  const weighted = steps.findIndex((step) => (numberAt(step, 'setWeight') ?? 0) > 0)
  if (weighted >= 0 && weighted < at)
    notes.warn(rollout, path, 'requests are copied before the first weight, for one interval, not from this step on')
  notes.warn(rollout, `${path}.match`, 'has no counterpart: copies are taken of all requests')
  return compact({ mirror: true, mirrorWeight: numberAt(steps[at], 'setMirrorRoute', 'percentage') })
}

// One interval for all steps: the one most pauses have, of several the longest.
function intervalOf(rollout: Source, steps: readonly unknown[], notes: Notes): number | undefined {
  const pauses = steps.flatMap((step, index) => {
    const value = mapAt(step, 'pause')?.['duration']
    const seconds = secondsOf(value)
    if (value !== undefined && seconds === undefined)
      notes.warn(rollout, `${BASE}.steps[${index}].pause.duration`, 'cannot be read as a duration')
    return seconds === undefined ? [] : [{ index, seconds }]
  })
  if (pauses.length === 0) return undefined
  const times = (seconds: number): number => pauses.filter((pause) => pause.seconds === seconds).length
  const [first] = pauses.toSorted((a, b) => times(b.seconds) - times(a.seconds) || b.seconds - a.seconds)
  const interval = Math.max(10, first?.seconds ?? 60)
  for (const { index, seconds } of pauses) {
    if (seconds === interval) continue
    const why = seconds < 10 ? 'no interval is shorter than 10 s' : 'all steps take as long'
    notes.warn(rollout, `${BASE}.steps[${index}].pause.duration`, `${seconds} s here, ${interval} s as analysis.interval: ${why}`)
  }
  return interval
}

// A pause without an end is a gate: before the first weight, after the last one, or at every increase.
function hooksOf(rollout: Source, steps: readonly unknown[], notes: Notes): readonly Record<string, unknown>[] {
  const weighted = steps.flatMap((step, index) => ((numberAt(step, 'setWeight') ?? 0) > 0 ? [index] : []))
  const hooks = new Map<string, Record<string, unknown>>()
  for (const [index, step] of steps.entries()) {
    const pause = mapAt(step, 'pause')
    if (pause === undefined || pause['duration'] !== undefined) continue
    const [first, last] = [weighted[0] ?? Infinity, weighted.at(-1) ?? -1]
    const type = index < first && weighted.length > 0 ? 'confirm-rollout' : index > last ? 'confirm-promotion' : 'confirm-traffic-increase'
    hooks.set(type, gate(type, rollout))
    notes.warn(rollout, `${BASE}.steps[${index}].pause`, GATES[type])
  }
  return [...hooks.values()]
}

const GATES = {
  'confirm-rollout':
    'waits for a person: it is a gate of the load tester before the canary starts (confirm-rollout); open it, or kubectl serin promote',
  'confirm-promotion':
    'waits for a person: it is a gate of the load tester before the promotion (confirm-promotion); open it, or kubectl serin promote',
  'confirm-traffic-increase':
    'waits for a person: it is a gate of the load tester that is asked before every increase, not of this step alone (confirm-traffic-increase); open it, close it at the step to hold'
} as const

function analysesOf(rollout: Source, canary: Readonly<Record<string, unknown>>, notes: Notes): readonly AnalysisUse[] {
  const background = mapAt(canary, 'analysis')
  if (background?.['startingStep'] !== undefined) {
    notes.warn(rollout, `${BASE}.analysis.startingStep`, 'has no counterpart: checks begin with the first weight')
  }
  const inline = listAt(canary, 'steps').flatMap((step, index) => {
    const value = mapAt(step, 'analysis')
    if (value === undefined) return []
    const path = `${BASE}.steps[${index}].analysis`
    notes.warn(rollout, path, 'is looked at after every weight, not at this step alone')
    return [{ path, value }]
  })
  return [...(background === undefined ? [] : [{ path: `${BASE}.analysis`, value: background }]), ...inline]
}

function readyThreshold(rollout: Source, canary: Readonly<Record<string, unknown>>, notes: Notes): number | undefined {
  const threshold = mapAt(canary, 'replicaProgressThreshold')
  if (threshold === undefined) return undefined
  if (textAt(threshold, 'type') === 'Percent') return numberAt(threshold, 'value')
  notes.warn(rollout, `${BASE}.replicaProgressThreshold`, 'only a percentage has a counterpart (canaryReadyThreshold)')
  return undefined
}
