// What a backtest found, for people and for programs.

import type { Backtest, BacktestTerms, IncidentReplay } from '../sim/backtest.ts'
import { oddsText } from '../gate/chart.ts'
import { countText, durationText, percentText } from '../gate/words.ts'
import type { Millis } from '../std/clock.ts'
import { formatInstant } from '../std/instant.ts'
import { escaped, plainText } from './plain-text.ts'
import { tableLines } from './table-lines.ts'

/** What it was of. */
export interface Subject {
  readonly name: string
  readonly look: Millis
  readonly terms: BacktestTerms
}

const SHOWN_MOST = 5

/** As lines. */
export function backtestLines(found: Backtest, subject: Subject): readonly string[] {
  const { name, look } = subject
  const { from, to, pods, requests, failures, incidents, gaps } = found
  const gapText = gaps === 0 ? '' : `; ${countText(gaps)} increases across gaps left out`
  return [
    `${name} from ${formatInstant(from)} to ${formatInstant(to)}: ${countText(pods)} pods, ${countText(requests)} requests, ${percentText(failures / Math.max(1, requests))} failed, looks of ${look / 1000} s${gapText}`,
    '',
    ...streamLines(found),
    '',
    ...placeboLines(found, subject),
    ...(incidents.length === 0 ? [] : ['', ...incidentLines(incidents)])
  ].map(plainText)
}

/** As JSON text: times as instants, rates as shares. */
export function backtestJson(found: Backtest, { name, look, terms }: Subject): string {
  const { rate, rolledBack, incidents, caution, streams, from, to, ...counts } = found
  const data = {
    workload: name,
    from: formatInstant(from),
    to: formatInstant(to),
    lookSeconds: look / 1000,
    ...counts,
    streams: streams.map((stream) => ({ ...stream, dispersionToUse: caution === undefined ? null : stream.dispersion * caution })),
    alpha: terms.alpha,
    falseRollbacks: {
      count: rate.count,
      share: rate.of === 0 ? null : rate.count / rate.of,
      low: rate.low,
      high: rate.high,
      each: rolledBack.map(({ at, pod, sentence }) => ({ at: formatInstant(at), pod, sentence }))
    },
    incidents: incidents.map(({ from: began, to: ended, caught, most, against }) => ({
      from: formatInstant(began),
      to: formatInstant(ended),
      caught: caught === undefined ? null : { afterSeconds: caught.after / 1000, who: caught.who, sentence: caught.sentence },
      mostEvidence: Number.isFinite(most) ? 10 ** most : null,
      against: against === '' ? null : against
    }))
  }
  return escaped(JSON.stringify(data, undefined, 2))
}

function streamLines({ streams, caution }: Backtest): readonly string[] {
  const rows = streams.map(({ name, dispersion }) => ({
    cells: [name, dispersion.toFixed(1), caution === undefined ? 'none is enough' : (dispersion * caution).toFixed(1)],
    tone: 'plain' as const
  }))
  return tableLines(['STREAM', 'OVER-DISPERSION', 'TO USE'], rows).map(({ text }) => text)
}

function placeboLines({ windows, placebos, rate, rolledBack, caution }: Backtest, { terms }: Subject): readonly string[] {
  const { alpha, rollout } = terms
  const share = rate.count / Math.max(1, rate.of)
  const said = `placebo rollouts of ${durationText(rollout)}: ${countText(placebos)} in ${countText(windows)} stretches of time, ${countText(rate.count)} rolled back: ${percentText(share)} (95 %: ${percentText(rate.low)} to ${percentText(rate.high)}; asked for at most ${percentText(alpha)})`
  const examples = rolledBack.slice(0, SHOWN_MOST).map(({ at, sentence }) => `  ${formatInstant(at)}  ${sentence}`)
  const more = rolledBack.length > SHOWN_MOST ? [`  and ${countText(rolledBack.length - SHOWN_MOST)} more (-o json has all)`] : []
  return [said, ...examples, ...more, verdict({ share, high: rate.high, caution }, alpha)]
}

function verdict({ share, high, caution }: { share: number; high: number; caution: number | undefined }, alpha: number): string {
  if (share > alpha) {
    return caution === undefined
      ? 'The gate rolls back more than it was asked to, however large bursts are taken to be: pods of this workload differ by themselves.'
      : `The gate rolls back more than it was asked to; it does not with bursts taken to be ${caution} times as large: serin.dev/bursts: ${caution}x on the Canary.`
  }
  return high > alpha
    ? 'The gate keeps to what it was asked, as far as so little time can tell: ask for more of it to be sure.'
    : 'The gate keeps to what it was asked on this traffic.'
}

function incidentLines(incidents: readonly IncidentReplay[]): readonly string[] {
  const rows = incidents.map(({ from, to, caught, most, against }) => ({
    cells: [
      `${formatInstant(from)}..${formatInstant(to)}`,
      caught === undefined ? 'no' : 'yes',
      caught === undefined ? '' : durationText(caught.after),
      caught?.who ?? against,
      against === '' ? 'not in the data' : oddsText(Math.max(0, Math.min(15, most)))
    ],
    tone: 'plain' as const
  }))
  const sentences = incidents.flatMap(({ caught }) => (caught === undefined ? [] : [`  ${caught.sentence}`]))
  return [...tableLines(['INCIDENT', 'CAUGHT', 'AFTER', 'BY', 'EVIDENCE'], rows).map(({ text }) => text), ...sentences]
}
