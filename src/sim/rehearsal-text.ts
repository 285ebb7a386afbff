// A rehearsal as lines for a terminal: tables, and the distributions as strips.

import type { Outcomes } from './outcomes.ts'
import { goodRunsOf, type Rehearsal, type Row } from './rehearsal.ts'
import { type Axis, axisLine, COUNT_AXIS, strip, TIME_AXIS } from './strip.ts'
import { changeText } from './what-if.ts'
import { countText, disturbanceText, regressionText, secondsText, shareText, spreadText } from './words.ts'

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
function setting({ rehearsed: { plan, leftOut }, question: { service, seed }, weak }: Rehearsal): readonly string[] {
  const ladder = plan.strategy.kind === 'weighted' ? plan.strategy.ladder.join(', ') : ''
  const { rate, errors, median, p99 } = service
  return [
    `Canary ${plan.namespace}/${plan.name}: ${ladder} %, a look each ${secondsText(plan.interval / 1000)}, back after ${plan.threshold} failed checks`,
    `Traffic: ${countText(rate)} requests a second, ${Number((100 * errors).toPrecision(6))} % fail, half within ${median} ms, 99 % within ${p99} ms; seed ${seed}`,
    ...leftOut.map((what) => `Not played: ${what}`),
    ...weak.map(({ path, text }) => `Warning: ${path} ${text}`)
  ]
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
    ...blamed(good.flatMap(({ rows }) => rows.filter(({ leader }) => leader === 'Serin')))
  ]
}

// Who rolled back, where anybody did.
function blamed(rows: readonly Row[]): readonly string[] {
  let [back, byChecks] = [0, 0]
  for (const { outcomes } of rows) {
    back += outcomes.rolledBack.count
    byChecks += outcomes.byChecks
  }
  if (back === 0) return []
  return [
    `  Of Serin's ${countText(back)}, ${countText(byChecks)} by failed checks of the Canary, which are its own; the others by the gate.`
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
    ])
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
