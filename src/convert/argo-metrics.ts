// The metrics of AnalysisTemplates as MetricTemplates and checks of a Canary.

import type { KubeObject } from '../api/object.ts'
import type { Input } from './argo-input.ts'
import { argumentsOf, withVariables } from './argo-arguments.ts'
import { providerOf } from './argo-providers.ts'
import { rangeOf } from './condition.ts'
import type { Notes, Source } from './note.ts'
import { compact, intervalText, mapAt, numberAt, secondsOf, textAt } from './read.ts'
import { listAt } from '../std/json.ts'

/** Where a Rollout names templates: at `path` of it, with arguments. */
export interface AnalysisUse {
  readonly path: string
  readonly value: Readonly<Record<string, unknown>>
}

/** What the analyses of a Rollout amount to. */
export interface Checks {
  /** Of spec.analysis.metrics. */
  readonly metrics: readonly Readonly<Record<string, unknown>>[]
  readonly templates: readonly KubeObject[]
  /** The least number of failed measurements that ends a rollout. */
  readonly threshold: number | undefined
  /** The shortest interval at which something is measured, and the most measurements, where they are said. */
  readonly interval: number | undefined
  readonly count: number | undefined
}

interface Found {
  readonly metrics: Map<string, Readonly<Record<string, unknown>>>
  readonly templates: Map<string, KubeObject>
  readonly thresholds: number[]
  readonly intervals: number[]
  readonly counts: number[]
}

/** The checks of all analyses of `rollout`, each metric once. */
export function checksOf(rollout: Source, uses: readonly AnalysisUse[], input: Input, notes: Notes): Checks {
  const found: Found = { metrics: new Map(), templates: new Map(), thresholds: [], intervals: [], counts: [] }
  for (const use of uses) {
    noteUse(rollout, use, notes)
    for (const template of templatesOf(rollout, use, input, notes)) addTemplate({ rollout, use, template, notes }, found)
  }
  if (new Set(found.thresholds).size > 1) {
    notes.warn(
      rollout,
      'spec.strategy',
      `metrics have different failureLimits: a Canary has one threshold for all, here the least, ${Math.min(...found.thresholds)}`
    )
  }
  return {
    metrics: [...found.metrics.values()],
    templates: [...found.templates.values()],
    threshold: least(found.thresholds),
    interval: least(found.intervals),
    count: found.counts.length === 0 ? undefined : Math.max(...found.counts)
  }
}

function least(all: readonly number[]): number | undefined {
  return all.length === 0 ? undefined : Math.min(...all)
}

function noteUse(rollout: Source, { path, value }: AnalysisUse, notes: Notes): void {
  if (listAt(value, 'templates').length === 0) notes.error(rollout, `${path}.templates`, 'an analysis without templates checks nothing')
  for (const field of ['measurementRetention', 'analysisRunMetadata']) {
    if (value[field] !== undefined) notes.warn(rollout, `${path}.${field}`, 'has no counterpart and is left out')
  }
}

/** The templates of an analysis, with those that they are made of. */
export function templatesOf(rollout: Source, { path, value }: AnalysisUse, input: Input, notes: Notes): readonly Source[] {
  const seen = new Set<Source>()
  const visit = (from: Source, at: string, references: readonly unknown[]): void => {
    for (const [index, reference] of references.entries()) {
      const name = textAt(reference, 'templateName') ?? ''
      const cluster = mapAt(reference)?.['clusterScope'] === true
      const kind = cluster ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate'
      const template = input.find(kind, name, cluster ? undefined : rollout.object.metadata.namespace)
      if (template === undefined)
        notes.error(from, `${at}[${index}]`, `${kind} ${name} is not among the files: what it checks would be lost`)
      else if (!seen.has(template)) {
        seen.add(template)
        // Templates may be made of others.
        visit(template, 'spec.templates', listAt(template.object, 'spec', 'templates'))
      }
    }
  }
  visit(rollout, `${path}.templates`, listAt(value, 'templates'))
  return [...seen]
}

interface Adding {
  readonly rollout: Source
  readonly use: AnalysisUse
  readonly template: Source
  readonly notes: Notes
}

function addTemplate(adding: Adding, found: Found): void {
  const { use, template, notes } = adding
  for (const [index, metric] of listAt(template.object, 'spec', 'metrics').entries()) {
    const path = `spec.metrics[${index}]`
    const name = textAt(metric, 'name') ?? `metric-${index}`
    if (isDry(use, template, name))
      notes.warn(template, path, `${name} is measured without a say (dryRun), which has no counterpart: it is left out`)
    else addMetric({ ...adding, path, name, metric }, found)
  }
}

/** True for a metric that is measured without a say (dryRun). */
export function isDry(use: AnalysisUse, template: Source, name: string): boolean {
  return listAt(use.value, 'dryRun')
    .concat(listAt(template.object, 'spec', 'dryRun'))
    .some((each) => matches(textAt(each, 'metricName') ?? '', name))
}

// Anchored on both sides, as Argo takes it; a pattern that is none matches itself.
function matches(pattern: string, name: string): boolean {
  if (/^[\w-]+$/.test(pattern)) return pattern === name
  return pattern === '.*' || pattern === name
}

interface AddingMetric extends Adding {
  readonly path: string
  readonly name: string
  readonly metric: unknown
}

function addMetric({ rollout, use, template, notes, path, name, metric }: AddingMetric, found: Found): void {
  const provider = providerOf(template, { path, metric }, notes)
  const range = rangeFor(template, { path, metric }, notes)
  if (provider === undefined || range === undefined) return
  const given = argumentsOf({ rollout, use, template, notes }, provider.query)
  const own = objectName(`${template.object.metadata.name ?? ''}-${name}`)
  const { namespace } = rollout.object.metadata
  found.templates.set(own, {
    apiVersion: 'flagger.app/v1beta1',
    kind: 'MetricTemplate',
    metadata: { name: own, ...(namespace !== undefined && { namespace }) },
    spec: { provider: provider.spec, query: withVariables(provider.query) }
  })
  const seconds = secondsOf(mapAt(metric)?.['interval'])
  const key = `${own} ${JSON.stringify(given)}`
  const taken = [...found.metrics].some(([other, check]) => check['name'] === own && other !== key)
  const check = compact({
    name: taken ? `${own}-${found.metrics.size}` : own,
    templateRef: compact({ name: own, namespace }),
    templateVariables: Object.keys(given).length === 0 ? undefined : given,
    thresholdRange: range,
    interval: intervalText(seconds ?? 60)
  })
  if (!found.metrics.has(key)) found.metrics.set(key, check)
  notes.warn(template, `${path}.provider`, KEPT_QUERY)
  noteMeasuring(template, { path, metric }, notes)
  addLimits(metric, seconds, found)
}

function addLimits(metric: unknown, seconds: number | undefined, found: Found): void {
  found.thresholds.push((numberAt(metric, 'failureLimit') ?? 0) + 1)
  if (seconds !== undefined) found.intervals.push(seconds)
  const count = numberAt(metric, 'count')
  if (count !== undefined && count > 0) found.counts.push(count)
}

interface At {
  readonly path: string
  readonly metric: unknown
}

function rangeFor(template: Source, { path, metric }: At, notes: Notes): Record<string, unknown> | undefined {
  const [success, failure] = [textAt(metric, 'successCondition'), textAt(metric, 'failureCondition')]
  const field = `${path}.${success === undefined ? 'failureCondition' : 'successCondition'}`
  if (success === undefined && failure === undefined) {
    notes.error(template, path, 'has no condition: Argo takes every result for a success, so there is nothing to check')
    return undefined
  }
  const range = rangeOf(success, failure)
  if (range === undefined) {
    const said = [success, failure].filter((each) => each !== undefined).join(' / ')
    notes.error(template, field, `"${said}" is more than a range of one number (thresholdRange): compute it in the query`)
    return undefined
  }
  if (range.strict.length > 0)
    notes.warn(template, field, `a result of exactly ${range.strict.join(' or ')} is on the other side now: the ends of a range pass`)
  if (range.guards.length > 0)
    notes.warn(template, field, `${range.guards.join(', ')} is left out: a check without data neither passes nor fails here`)
  if (success !== undefined && failure !== undefined) {
    notes.warn(template, field, 'both conditions are one range now: there is nothing inconclusive between them')
  }
  return compact({ min: range.min, max: range.max })
}

const KEPT_QUERY =
  'its query is kept: see that it selects the canary, workload {{ target }} or Service {{ service }}-canary, and not the primary beside it'

const MEASURING: Readonly<Record<string, string>> = {
  initialDelay: 'has no counterpart: measuring begins with the first step',
  count: 'has no counterpart: it is measured at every look for as long as the rollout runs',
  consecutiveSuccessLimit: 'has no counterpart: a rollout goes on step by step',
  inconclusiveLimit: 'has no counterpart: a check passes, fails or has no data',
  consecutiveErrorLimit: 'has no counterpart: a metrics server that is away holds the step and never fails it'
}

function noteMeasuring(template: Source, { path, metric }: At, notes: Notes): void {
  for (const [field, message] of Object.entries(MEASURING)) {
    if (mapAt(metric)?.[field] !== undefined) notes.warn(template, `${path}.${field}`, message)
  }
}

/** A name of Kubernetes made of any text. */
function objectName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 253)
}
