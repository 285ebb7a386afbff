// What to tell people of a tick, and who wants to hear it (flagger.md 1.7, 6.1). Once per change of state and for every end of a run, also
// the ones Flagger is silent about (its issues 1663, 1515); an entry without a severity hears everything, as Flagger documents.

import type { KubeObject } from '../api/object.ts'
import { dig, listAt, textAt } from '../std/json.ts'
import { printable } from '../std/printable.ts'
import type { Plan } from '../canary/plan.ts'
import { conditionMessage, progressOf, type RolloutState } from './state.ts'
import { type Step, subject, type Tick } from './tick.ts'

export type Severity = 'info' | 'warn' | 'error'

/** A named value beside the message. */
export interface AlertField {
  readonly name: string
  readonly value: string
}

/** Something to tell people about a Canary. */
export interface Alert {
  readonly severity: Severity
  readonly message: string
  readonly fields: readonly AlertField[]
  /** Equal for the same news: told once while nothing else happens. */
  readonly key: string
}

/** An entry of spec.analysis.alerts. */
export interface AlertEntry {
  readonly name: string
  readonly severity: Severity
  readonly provider: { readonly name: string; readonly namespace: string }
}

/** The entries of a Canary; an unset severity is info. */
export function alertEntries(canary: KubeObject): readonly AlertEntry[] {
  return listAt(canary['spec'], 'analysis', 'alerts').map((entry) => {
    const severity = dig(entry, 'severity')
    return {
      name: textAt(entry, 'name'),
      severity: severity === 'warn' || severity === 'error' ? severity : 'info',
      provider: {
        name: textAt(dig(entry, 'providerRef'), 'name'),
        namespace: textAt(dig(entry, 'providerRef'), 'namespace') || (canary.metadata.namespace ?? '')
      }
    }
  })
}

const RANKS: Readonly<Record<Severity, number>> = { info: 0, warn: 1, error: 2 }

/** True when an entry of this severity hears an alert of that one: its own and all above. */
export function hears(entry: Severity, alert: Severity): boolean {
  return RANKS[entry] <= RANKS[alert]
}

/** The alert that the step of a tick makes; undefined when there is nothing new to tell. */
export function alertOf(tick: Tick, step: Step): Alert | undefined {
  const before = tick.finding.state
  const after = step.state
  if (before.phase === after.phase) return trafficGate(tick, step) ?? gateNews(tick, step)
  switch (after.phase) {
    case 'initialized':
      if (before.phase === 'initializing') return detailed(tick, after, conditionMessage(after, tick.finding.plan.targetKind))
      return news('info', tick, after, `The new revision of ${subject(tick)} was withdrawn, all traffic goes to the primary`)
    case 'waiting':
      return isMuted(tick)
        ? undefined
        : news('warn', tick, after, `${subject(tick)} is waiting for approval of its new revision${gate(tick)}`)
    case 'waiting-promotion':
      return isMuted(tick) ? undefined : news('warn', tick, after, `${subject(tick)} is waiting for approval of its promotion${gate(tick)}`)
    case 'progressing':
      return begins(before) ? detailed(tick, after, conditionMessage(after, tick.finding.plan.targetKind)) : undefined
    case 'succeeded': {
      const skipped = tick.finding.situation.kind === 'skip'
      return news(
        'info',
        tick,
        after,
        skipped ? 'Canary analysis was skipped, promotion finished.' : conditionMessage(after, tick.finding.plan.targetKind)
      )
    }
    case 'failed':
      return failure(tick, step)
    case 'new':
    case 'initializing':
    case 'promoting':
    case 'finalising':
    case 'terminating':
      return undefined
  }
}

function begins({ phase }: RolloutState): boolean {
  return ['initialized', 'waiting', 'succeeded', 'failed'].includes(phase)
}

// Flagger says it on every tick (its issue 1515); the key makes it one alert for one weight.
function trafficGate(tick: Tick, step: Step): Alert | undefined {
  if (refused(tick)?.about !== 'traffic' || isMuted(tick)) return undefined
  return news('warn', tick, step.state, `${subject(tick)} is waiting for approval of its traffic increase${gate(tick)}`)
}

// What the gate wants people to know or to decide: once for a weight, as counts are others at each look.
function gateNews(tick: Tick, { state }: Step): Alert | undefined {
  const { situation, state: before } = tick.finding
  if (situation.kind === 'retreat') return news('warn', tick, state, situation.because)
  const asks = 'asks' in state ? state.asks : undefined
  if (asks === undefined || ('asks' in before && before.asks !== undefined)) return undefined
  return { ...news('warn', tick, state, asks), key: JSON.stringify(['asks', progressOf(before), tick.finding.revision]) }
}

// Somebody's decision is a warning; what went wrong by itself is an error.
function failure(tick: Tick, step: Step): Alert {
  const { situation } = tick.finding
  const byHook = tick.answers.some(({ kind }, index) => kind === 'yes' && tick.questions[index]?.about === 'rollback')
  const isDecided = byHook || situation.kind === 'abort' || situation.kind === 'take-back' || situation.kind === 'scaled-to-zero'
  const events = step.announcements.flatMap((told) => (told.kind === 'event' && told.type === 'Warning' ? [told.message] : []))
  const message =
    events.find((text) => /^(Rolling back|Promotion of) /.test(text)) ?? conditionMessage(step.state, tick.finding.plan.targetKind)
  const because = 'because' in step.state ? step.state.because : undefined
  const cause = because === undefined || because === '' || message.includes(because) ? [] : [{ name: 'Cause', value: because }]
  const made = news(isDecided ? 'warn' : 'error', tick, step.state, message)
  return { ...made, fields: [...cause, ...made.fields] }
}

function refused({ questions, answers }: Tick): Tick['questions'][number] | undefined {
  const last = answers.length - 1
  return answers[last]?.kind === 'no' ? questions[last] : undefined
}

function gate(tick: Tick): string {
  const put = refused(tick)?.put
  return put?.kind === 'hook' ? ` (webhook ${put.hook.name})` : ''
}

function isMuted(tick: Tick): boolean {
  const put = refused(tick)?.put
  return put?.kind === 'hook' && put.hook.muteAlert
}

function news(severity: Severity, tick: Tick, state: RolloutState, message: string): Alert {
  const revision = 'applied' in state ? state.applied : ''
  return {
    severity,
    message: printable(message),
    fields: identity(tick, revision).map(({ name, value }) => ({ name, value: printable(value) })),
    key: JSON.stringify([state.phase, progressOf(state), revision, message])
  }
}

function detailed(tick: Tick, state: RolloutState, message: string): Alert {
  const made = news('info', tick, state, message)
  return { ...made, fields: [...planFields(tick.finding.plan, tick.canary), ...made.fields] }
}

function identity({ cluster }: Tick, revision: string): readonly AlertField[] {
  const images = listAt(cluster.target, 'spec', 'template', 'spec', 'containers').map((container) => String(dig(container, 'image')))
  return [
    ...(images.length === 0 ? [] : [{ name: 'Image', value: images.join(', ') }]),
    ...(revision === '' ? [] : [{ name: 'Revision', value: revision }])
  ]
}

function planFields(plan: Plan, canary: KubeObject): readonly AlertField[] {
  const kind = dig(canary['spec'], 'targetRef', 'kind')
  return [
    { name: 'Target', value: printable(`${String(kind)}/${plan.target}.${plan.namespace}`) },
    { name: 'Failed checks threshold', value: String(plan.threshold) },
    { name: 'Progress deadline', value: `${plan.progressDeadline / 1000}s` },
    { name: 'Traffic routing', value: routing(plan, dig(canary['spec'], 'analysis')) }
  ]
}

function routing({ strategy }: Plan, analysis: unknown): string {
  switch (strategy.kind) {
    case 'a/b':
      return 'A/B Testing'
    case 'blue-green':
      return 'Blue/Green'
    case 'weighted': {
      // Its own weights are not those that are taken then.
      if (strategy.auto === true) return `Weight as the traffic allows max: ${strategy.ladder.at(-1) ?? 100}`
      const step = dig(analysis, 'stepWeight')
      const steps = typeof step === 'number' && step > 0 ? `step: ${step}` : `steps: ${strategy.ladder.join(',')}`
      return `Weight ${steps} max: ${strategy.ladder.at(-1) ?? 100}`
    }
  }
}
