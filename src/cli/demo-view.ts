// What the demo shows, as text: a frame for a terminal, lines for a log, the summary. Pure; the demo itself says when.

import { chartLines, oddsText } from '../gate/chart.ts'
import type { Trace } from '../gate/trace.ts'
import type { Millis } from '../std/clock.ts'

/** One version of a part of the shop, as traffic sees it. */
export interface VersionRow {
  readonly name: string
  readonly version: string
  /** Share of new requests, 0 to 100; undefined before there is a route. */
  readonly weight: number | undefined
  /** Since the chapter began. */
  readonly requests: number
  /** Percent without 5xx lately; undefined without requests. */
  readonly success: number | undefined
  readonly p99: Millis | undefined
}

/** How a line is meant; a terminal gives it a colour. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'bad'

/** A line of a frame. */
export interface Line {
  readonly text: string
  readonly tone: Tone
}

/** Something that happened, `at` since the start. */
export interface Happening extends Line {
  readonly at: Millis
}

/** Everything a frame shows. */
export interface DemoState {
  readonly elapsed: Millis
  readonly chapter: string
  /** The Canary's phase and failed checks, in words. */
  readonly canary: string
  readonly rows: readonly VersionRow[]
  /** What the gate said of the release that is on its way, or was last. */
  readonly trace: Trace | undefined
  /** Requests of the load that ended, and those lost by Serin. */
  readonly requests: number
  readonly lost: number
  /** Newest last. */
  readonly happenings: readonly Happening[]
  /** Summary and commands, once the story is over. */
  readonly closing: readonly Line[]
}

/** What a terminal can show. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

const BAR = 20
// Lines of happenings that are worth more than a chart, and the chart's lines beside its plot.
const HAPPENINGS_LEAST = 4
const CHART_FOOT = 7
const PLOT_LEAST = 4
const PLOT_MOST = 10
const LOG_COLUMNS = 80
const LOG_ROWS = 8

/** A frame: at most as many lines as the terminal has, none longer than it is wide. What has no room is left out from the end. */
export function frame(state: DemoState, { columns, rows }: Size): Line[] {
  const head: Line[] = [
    line(`serin demo  ${minutes(state.elapsed)}  ${state.chapter}`, 'strong'),
    line(`${state.requests} requests, ${state.lost} lost by Serin`, state.lost === 0 ? 'plain' : 'bad'),
    line(''),
    line(columnsOf(['version', '', 'weight', '', 'requests', 'success', 'p99']), 'dim'),
    ...state.rows.map(versionLine),
    line(`canary frontend: ${state.canary}`),
    line('')
  ]
  const closing = state.closing.length === 0 ? [] : [...state.closing, line('')]
  const left = rows - head.length - closing.length
  const chart = chartIn(state.trace, columns, left - HAPPENINGS_LEAST)
  const room = Math.max(0, left - chart.length)
  const latest = room === 0 ? [] : state.happenings.slice(-room)
  return [...head, ...chart, ...closing, ...latest.map((each) => ({ ...each, text: happeningText(each) }))]
    .slice(0, rows)
    .map(({ text, tone }) => ({ text: text.slice(0, columns), tone }))
}

function chartIn(trace: Trace | undefined, columns: number, room: number): Line[] {
  const rows = Math.min(PLOT_MOST, room - CHART_FOOT)
  if (trace === undefined || trace.points.length === 0 || rows < PLOT_LEAST) return []
  return [...chartLines(trace, { columns, rows }).map((text) => line(text)), line('')]
}

/** Where everything stands, as lines for a log. */
export function statusLines(state: DemoState): string[] {
  const { elapsed, canary, requests, lost, rows, trace } = state
  return [
    `${minutes(elapsed)}  canary frontend: ${canary}; ${requests} requests, ${lost} lost by Serin`,
    ...rows.map(
      ({ name, version, weight, requests: asked, success, p99 }) =>
        `      ${name.padEnd(16)} ${version.padEnd(4)}${percent(weight, 0).padStart(6)}${`${asked} requests`.padStart(16)}   ${percent(success)} good, p99 ${ms(p99)}`
    ),
    ...evidenceLine(trace)
  ]
}

function evidenceLine(trace: Trace | undefined): string[] {
  const last = trace?.points.at(-1)
  if (trace === undefined || last === undefined) return []
  return [
    `      evidence against the canary: ${oddsText(Math.max(0, last.evidence))}, rolled back at ${oddsText(-Math.log10(trace.alpha))}`
  ]
}

/** The evidence chart of a release under its name, for a log. */
export function chartOfRelease(trace: Trace | undefined, title: string): Line[] {
  const lines = trace === undefined ? [] : chartLines(trace, { columns: LOG_COLUMNS, rows: LOG_ROWS })
  return lines.length === 0 ? [] : [line(title, 'strong'), ...lines.map((text) => line(text)), line('')]
}

/** What happened, as one line. */
export function happeningText({ at, text }: Happening): string {
  return `${minutes(at)}  ${text}`
}

/** What the demo ends with. */
export interface DemoSummary {
  /** From the change of the Deployment to the end of its rollout; undefined when it did not come. */
  readonly promotedAfter: Millis | undefined
  readonly rolledBackAfter: Millis | undefined
  /** Why, as the gate says it; '' where it said nothing. */
  readonly sentence: string
  readonly requests: number
  readonly failedByBadRelease: number
  readonly lost: number
  /** All that was not as it should be, in words; empty when all was. */
  readonly problems: readonly string[]
}

/** The closing lines. */
export function summaryLines(summary: DemoSummary): Line[] {
  const after = (time: Millis | undefined): string => (time === undefined ? 'did not happen' : `after ${(time / 1000).toFixed(1)} s`)
  const tone = (good: boolean): Tone => (good ? 'good' : 'bad')
  return [
    line(`good release promoted      ${after(summary.promotedAfter)}`, tone(summary.promotedAfter !== undefined)),
    line(`bad release rolled back    ${after(summary.rolledBackAfter)}`, tone(summary.rolledBackAfter !== undefined)),
    ...(summary.sentence === '' ? [] : [line(summary.sentence)]),
    line(`failed by the bad release  ${summary.failedByBadRelease} of ${summary.requests} requests`),
    line(`lost by Serin              ${summary.lost}`, tone(summary.lost === 0)),
    ...summary.problems.map((problem) => line(`not as it should be: ${problem}`, 'bad'))
  ]
}

/** A line; plain unless said otherwise. */
export function line(text: string, tone: Tone = 'plain'): Line {
  return { text, tone }
}

function versionLine(row: VersionRow): Line {
  const { name, version, weight, requests, success, p99 } = row
  const bar = '#'.repeat(Math.round(((weight ?? 0) / 100) * BAR))
  const tone = success !== undefined && success < 99 ? 'bad' : weight === 0 ? 'dim' : 'plain'
  return line(columnsOf([name, version, percent(weight, 0), bar, String(requests), percent(success), ms(p99)]), tone)
}

function columnsOf([name = '', version = '', weight = '', bar = '', requests = '', success = '', p99 = '']: readonly string[]): string {
  return [
    name.padEnd(16),
    version.padEnd(4),
    weight.padStart(6),
    bar.padEnd(BAR),
    requests.padStart(8),
    success.padStart(8),
    p99.padStart(8)
  ]
    .join(' ')
    .trimEnd()
}

function percent(value: number | undefined, digits = 1): string {
  return value === undefined ? '-' : `${value.toFixed(digits)} %`
}

function ms(value: Millis | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} ms`
}

function minutes(value: Millis): string {
  const seconds = Math.floor(value / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
