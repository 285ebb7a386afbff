// What the demo shows, as text: a frame for a terminal, lines for a log, the summary. Pure; the demo itself says when.

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
  const room = Math.max(0, rows - head.length - closing.length)
  const latest = room === 0 ? [] : state.happenings.slice(-room)
  return [...head, ...closing, ...latest.map((each) => ({ ...each, text: happeningText(each) }))]
    .slice(0, rows)
    .map(({ text, tone }) => ({ text: text.slice(0, columns), tone }))
}

/** Where everything stands, as lines for a log. */
export function statusLines(state: DemoState): string[] {
  const { elapsed, canary, requests, lost, rows } = state
  return [
    `${minutes(elapsed)}  canary frontend: ${canary}; ${requests} requests, ${lost} lost by Serin`,
    ...rows.map(
      ({ name, version, weight, requests: asked, success, p99 }) =>
        `      ${name.padEnd(16)} ${version.padEnd(4)}${percent(weight, 0).padStart(6)}${`${asked} requests`.padStart(16)}   ${percent(success)} good, p99 ${ms(p99)}`
    )
  ]
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
