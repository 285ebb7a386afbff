// A rehearsal as lines for a terminal: tables, and the distributions as strips.

import type { ArgoMetric, ArgoStep } from '../convert/argo-plan.ts'
import { countText } from '../gate/words.ts'
import { pausesOf } from './argo-leader.ts'
import { LONGEST_SECONDS } from './lead.ts'
import type { Outcomes } from './outcomes.ts'
import { goodRunsOf, type Question, type Rehearsal, type Row } from './rehearsal.ts'
import { type Axis, axisLine, COUNT_AXIS, strip, TIME_AXIS } from './strip.ts'
import { changeText } from './what-if.ts'
import { disturbanceText, regressionText, secondsText, shareText, spreadText } from './words.ts'

const COLUMNS = 62
const HEAD = ['', 'rolled back', 'promoted', 'to 0 %', 'failed requests', 'to 100 %']

/** All of it. */
export function rehearsalLines(found: Rehearsal): readonly string[] {
  const { question } = found
  return [
    ...setting(found),
    ...storyLines(found),
    ...found.releases.flatMap(({ regression, rows }) => [
      '',
      `A release that ${regressionText(regression)}${inWhat(found)}: ${countText(question.runs)} rollouts each, median and (95th percentile)`,
      ...table([HEAD, ...rows.map((row) => outcomeCells(row.leader, row.outcomes))]),
      '',
      ...strips('at 0 % after', rows, TIME_AXIS, ({ toZero }) => toZero),
      ...strips('failed requests', rows, COUNT_AXIS, ({ failed }) => failed)
    ]),
    ...goodLines(found),
    ...changeLines(found)
  ]
}

/** Which Canary, on what traffic, and what is left out. */
function setting({
  rehearsed: { plan, leftOut },
  ladder,
  question: { service, seed, argo, madeFrom },
  weak
}: Rehearsal): readonly string[] {
  const weights = ladder.weights.join(', ')
  const steps = ladder.ofTraffic ? `from as low as the traffic allows, here about ${weights} %` : `${weights} %`
  const { rate, errors, median, p99 } = service
  return [
    `Canary ${plan.namespace}/${plan.name}: ${steps}, a look each ${secondsText(plan.interval / 1000)}, back after ${plan.threshold} failed checks`,
    `Traffic: ${countText(rate)} requests a second, ${Number((100 * errors).toPrecision(6))} % fail, half within ${median} ms, 99 % within ${p99} ms; seed ${seed}`,
    ...(madeFrom === undefined ? [] : [`Canary made from Rollout ${madeFrom}, as serin convert does`]),
    ...argoLines(argo),
    ...leftOut.map((what) => `Not played: ${what}`),
    ...weak.map(({ path, text }) => `Warning: ${path} ${text}`)
  ]
}

// Whose gate is beside the Canary's where it is not the sample alone.
function argoLines(argo: Question['argo']): readonly string[] {
  if (argo === undefined) return []
  if (argo.kind === 'none')
    return argo.because.map((why) => `Argo sample: stands in for Rollout ${argo.rollout}, which cannot be played: ${why}`)
  const { steps, background } = argo.plan
  const measured = background.map(argoMetricText).join(', ')
  const pauses = pausesOf(argo.plan)
  return [
    `Argo: Rollout ${argo.rollout}: ${steps.map(argoStepText).join(', ')}; ${measured === '' ? 'no analysis' : measured} in the background`,
    ...(pauses < LONGEST_SECONDS
      ? []
      : [`Not played: more than ${secondsText(LONGEST_SECONDS)} of Rollout ${argo.rollout}, whose pauses take ${secondsText(pauses)}`]),
    ...argo.leftOut.map((what) => `Not played: ${what}`)
  ]
}

function argoStepText(step: ArgoStep): string {
  switch (step.kind) {
    case 'weigh':
      return `${step.weight} %`
    case 'pause':
      return secondsText(step.seconds)
    case 'analyse':
      return `analysis of ${step.metrics.map(argoMetricText).join(' and ')}`
  }
}

function argoMetricText({ name, interval, count }: ArgoMetric): string {
  const times = count === undefined ? '' : count === 1 ? ' once' : ` ${count} times`
  return `${name}${times}${interval === undefined ? '' : ` each ${secondsText(interval)}`}`
}

function storyLines({ story, question: { regressions } }: Rehearsal): readonly string[] {
  const [regression] = regressions
  const { requests, failed, seconds } = story
  const end = { 'rolled-back': 'Rolled back', promoted: 'Promoted', held: 'Neither promoted nor rolled back' }[story.outcome]
  return [
    '',
    `One release that ${regression === undefined ? '' : regressionText(regression)}, by the whole controller`,
    ...story.told.map(({ at, message }) => `  ${secondsText(at).padStart(12)}  ${message}`),
    `  ${end} after ${secondsText(seconds)}: ${countText(failed)} of the ${countText(requests)} requests that met the canary failed.`
  ]
}

function inWhat({ question: { disturbance } }: Rehearsal): string {
  return disturbance === 'calm' ? '' : ` (${disturbanceText(disturbance)})`
}

function outcomeCells(name: string, { rolledBack, promoted, toZero, toAll, failed }: Outcomes): readonly string[] {
  return [
    name,
    shareText(rolledBack),
    shareText(promoted),
    spreadText(toZero, secondsText),
    spreadText(failed, countText),
    spreadText(toAll, secondsText)
  ]
}

function strips(title: string, rows: readonly Row[], axis: Axis, valuesOf: (row: Row) => readonly number[]): readonly string[] {
  const wide = Math.max(title.length, ...rows.map(({ leader }) => leader.length))
  return [
    `  ${title.padEnd(wide)}  ${axisLine(axis, COLUMNS)}`,
    ...rows.map((row) => `  ${row.leader.padEnd(wide)}  ${strip(valuesOf(row), row.outcomes.runs, axis, COLUMNS)}`.trimEnd())
  ]
}

function goodLines({ good, question }: Rehearsal): readonly string[] {
  const leaders = good[0]?.rows.map(({ leader }) => leader) ?? []
  return [
    '',
    `A good release, rolled back for nothing: ${countText(goodRunsOf(question.runs))} rollouts each, share and 95 % interval`,
    ...table([
      ['', ...leaders, 'to 100 % (Serin)'],
      ...good.map(({ disturbance, rows }) => [
        disturbanceText(disturbance),
        ...rows.map(({ outcomes }) => shareText(outcomes.rolledBack)),
        spreadText(rows[0]?.outcomes.toAll, secondsText)
      ])
    ]),
    ...blamed(
      "Serin's",
      good.flatMap(({ rows }) => rows.filter(({ leader }) => leader === 'Serin'))
    )
  ]
}

// Who rolled back, where anybody did.
function blamed(whose: string, rows: readonly Row[]): readonly string[] {
  let [back, byChecks] = [0, 0]
  for (const { outcomes } of rows) {
    back += outcomes.rolledBack.count
    byChecks += outcomes.byChecks
  }
  if (back === 0) return []
  return [
    `  Of ${whose} ${countText(back)}, ${countText(byChecks)} by failed checks of the Canary, which are its own; the others by the gate.`
  ]
}

function changeLines({ changes, question, releases, good }: Rehearsal): readonly string[] {
  const [regression] = question.regressions
  const [bad, calm] = [releases[0]?.rows[0], good[0]?.rows[0]]
  if (changes.length === 0 || regression === undefined || bad === undefined || calm === undefined) return []
  return [
    '',
    `Serin set otherwise: a release that ${regressionText(regression)}, and a good one in calm`,
    ...table([
      ['', 'rolled back', 'to 0 %', 'failed requests', 'good: rolled back', 'good: to 100 %'],
      changeCells('as it is', bad, calm),
      ...changes.map((each) => changeCells(changeText(each.change), each.bad, each.good))
    ]),
    ...blamed('the good ones rolled back,', [calm, ...changes.map((each) => each.good)])
  ]
}

function changeCells(what: string, bad: Row, good: Row): readonly string[] {
  return [
    what,
    shareText(bad.outcomes.rolledBack),
    spreadText(bad.outcomes.toZero, secondsText),
    spreadText(bad.outcomes.failed, countText),
    shareText(good.outcomes.rolledBack),
    spreadText(good.outcomes.toAll, secondsText)
  ]
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd())
}
