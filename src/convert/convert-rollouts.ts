// Rollouts of Argo with what belongs to them -> Canaries, MetricTemplates and Deployments, and a list of what has no counterpart. Nothing is left
// out without a word; what was never asked for is not made up.

import type { KubeObject } from '../api/object.ts'
import { blueGreenOf } from './argo-blue-green.ts'
import { canaryOf } from './argo-canary.ts'
import { type Input, readInput, type Text } from './argo-input.ts'
import { type Checks, checksOf } from './argo-metrics.ts'
import { scalersOf } from './argo-scalers.ts'
import { serviceOf } from './argo-service.ts'
import type { Strategy } from './argo-strategy.ts'
import { workloadOf } from './argo-workload.ts'
import { type Note, noteLine, Notes, type Source } from './note.ts'
import { compact, intervalText, mapAt, numberAt } from './read.ts'

/** What a conversion comes to; `lines` are for people, and `complete` is false when one of them is an error. */
export interface Converted {
  readonly objects: readonly KubeObject[]
  readonly lines: readonly string[]
  readonly complete: boolean
}

/** Converts all Rollouts of these texts. */
export function convertRollouts(texts: readonly Text[]): Converted {
  const { input, problems } = readInput(texts)
  const notes = new Notes()
  const objects = new Map<string, KubeObject>()
  for (const rollout of input.rollouts) {
    for (const object of converted(rollout, input, notes)) {
      objects.set(`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object)
    }
  }
  const none = input.rollouts.length === 0 ? ['error there is no Rollout (argoproj.io) among the files'] : []
  return {
    objects: [...objects.values()].toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)),
    lines: [...problems, ...none, ...notes.inOrder().map(noteLine)],
    complete: problems.length === 0 && none.length === 0 && notes.list.every(({ severity }: Note) => severity === 'warning')
  }
}

// Others need what comes first.
const ORDER = ['Deployment', 'HorizontalPodAutoscaler', 'ScaledObject', 'MetricTemplate', 'Canary']

const LEFT_OUT: Readonly<Record<string, string>> = {
  paused: 'is left out: kubectl serin pause holds a rollout, spec.suspend of the Canary freezes it',
  restartAt: 'is left out: kubectl rollout restart of the Deployment starts a new revision',
  rollbackWindow: 'has no counterpart: going back to the promoted version is at once, to older ones it is a rollout',
  progressDeadlineAbort: 'is what always happens: a version that is not ready in time is rolled back',
  analysis: 'has no counterpart: no runs are kept'
}

function converted(rollout: Source, input: Input, notes: Notes): readonly KubeObject[] {
  const strategy = strategyOf(rollout, notes)
  noteRest(rollout, notes)
  const workload = workloadOf(rollout, input, notes)
  const scalers = scalersOf(rollout, workload, input)
  const made = [...(workload.made === undefined ? [] : [workload.made]), ...scalers.objects]
  if (strategy === undefined) return made
  const checks = checksOf(rollout, strategy.analyses, input, notes)
  if (checks.metrics.length === 0 && !strategy.skipAnalysis) {
    notes.warn(
      rollout,
      'spec.strategy',
      'nothing is measured: every version is promoted that gets ready; spec.analysis.metrics of the Canary says what to measure'
    )
  }
  noteInterval(rollout, strategy, checks, notes)
  const service = serviceOf({ rollout, input, workload, notes, main: strategy.main, others: strategy.others })
  const { metadata, spec } = rollout.object
  const canary: KubeObject = {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'Canary',
    metadata: { name: metadata.name ?? '', ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) },
    spec: compact({
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.name },
      autoscalerRef: scalers.reference,
      progressDeadlineSeconds: numberAt(spec, 'progressDeadlineSeconds'),
      skipAnalysis: strategy.skipAnalysis ? true : undefined,
      service,
      analysis: analysisOf(strategy, checks)
    })
  }
  return [...made, ...checks.templates, ...(service === undefined ? [] : [canary])]
}

function strategyOf(rollout: Source, notes: Notes): Strategy | undefined {
  const strategy = mapAt(rollout.object, 'spec', 'strategy') ?? {}
  if (mapAt(strategy, 'canary') !== undefined) return canaryOf(rollout, notes)
  if (mapAt(strategy, 'blueGreen') !== undefined) return blueGreenOf(rollout, notes)
  notes.error(rollout, 'spec.strategy', 'is neither canary nor blueGreen')
  return undefined
}

function noteRest(rollout: Source, notes: Notes): void {
  const { metadata } = rollout.object
  for (const [field, message] of Object.entries(LEFT_OUT)) {
    if (mapAt(rollout.object, 'spec')?.[field] !== undefined) notes.warn(rollout, `spec.${field}`, message)
  }
  const told = Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith('notifications.argoproj.io/'))
  if (told)
    notes.warn(
      rollout,
      'metadata.annotations',
      'notifications of Argo are left out: spec.analysis.alerts with an AlertProvider tells chats'
    )
}

const DEFAULT_INTERVAL = 60

// Steps set the pace of a Canary, and it measures at each.
function noteInterval(rollout: Source, strategy: Strategy, { interval }: Checks, notes: Notes): void {
  const pace = strategy.interval ?? DEFAULT_INTERVAL
  if (strategy.shape['stepWeights'] === undefined || interval === undefined || interval === pace) return
  notes.warn(
    rollout,
    'spec.strategy',
    `metrics were measured every ${interval} s; a Canary measures once a step, every ${pace} s: more and smaller steps with a shorter analysis.interval see a failure sooner`
  )
}

function analysisOf(strategy: Strategy, checks: Checks): Record<string, unknown> {
  const iterates = strategy.shape['stepWeights'] === undefined
  const interval = strategy.interval ?? (iterates ? checks.interval : undefined) ?? DEFAULT_INTERVAL
  const iterations = numberAt(strategy.shape, 'iterations') ?? 1
  return compact({
    interval: intervalText(Math.max(10, interval)),
    threshold: checks.threshold ?? 1,
    ...strategy.shape,
    // As many looks as measurements were asked for.
    iterations: iterates ? Math.max(iterations, checks.count ?? 1) : undefined,
    canaryReadyThreshold: strategy.readyThreshold,
    metrics: checks.metrics.length === 0 ? undefined : checks.metrics,
    webhooks: strategy.hooks.length === 0 ? undefined : strategy.hooks
  })
}
