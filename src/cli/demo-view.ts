// What the demo shows, as text: one frame for a terminal, or lines for a log. Pure; the demo itself says when.

import type { Millis } from '../std/clock.ts'

/** One version of the frontend as traffic sees it. */
export interface VersionRow {
  readonly name: string
  /** Share of new requests, 0 to 100. */
  readonly weight: number
  readonly requests: number
  /** Percent without 5xx; undefined without requests. */
  readonly success: number | undefined
  readonly p99: Millis | undefined
}

/** Everything a frame shows. */
export interface DemoState {
  readonly elapsed: Millis
  readonly story: string
  readonly phase: string
  readonly rows: readonly VersionRow[]
  readonly requestsPerSecond: number
  readonly lost: number
  /** Newest last. */
  readonly events: readonly string[]
}

/** What the demo ends with. */
export interface DemoSummary {
  readonly promotedAfter: Millis | undefined
  readonly rolledBackAfter: Millis | undefined
  readonly requests: number
  /** Requests answered 5xx while the bad release was out. */
  readonly failedByBadRelease: number
  /** Requests without an answer, or answered 5xx by the mesh itself: must be 0. */
  readonly lost: number
}

const BAR = 30
const EVENTS_SHOWN = 8

/** A frame: the same number of lines for the same number of versions, each at most `width` characters. */
export function frame(state: DemoState, width: number): string[] {
  const events = state.events.slice(-EVENTS_SHOWN)
  const blank = Array.from({ length: EVENTS_SHOWN - events.length }, () => '')
  return [
    `serin demo  ${seconds(state.elapsed)}  ${state.story}`,
    `canary frontend: ${state.phase}   ${state.requestsPerSecond} requests/s   lost by Serin: ${state.lost}`,
    '',
    row('version', 'weight', '', ['requests', 'success', 'p99']),
    ...state.rows.map((version) =>
      row(version.name, `${version.weight} %`, bar(version.weight), [String(version.requests), percent(version.success), ms(version.p99)])
    ),
    '',
    ...events,
    ...blank
  ].map((line) => line.slice(0, width))
}

/** The state as one line, for logs. */
export function line(state: DemoState): string {
  const rows = state.rows.map(
    (version) => `${version.name} ${version.weight} % ${version.requests} req ${percent(version.success)} p99 ${ms(version.p99)}`
  )
  return `${seconds(state.elapsed)} ${state.phase}: ${rows.join('; ')}; lost ${state.lost}`
}

/** The closing lines. */
export function summaryLines(summary: DemoSummary): string[] {
  const after = (time: Millis | undefined): string => (time === undefined ? 'did not happen' : `after ${seconds(time)}`)
  return [
    `good release promoted:     ${after(summary.promotedAfter)}`,
    `bad release rolled back:   ${after(summary.rolledBackAfter)}`,
    `requests sent:             ${summary.requests}`,
    `failed by the bad release: ${summary.failedByBadRelease}`,
    `lost by Serin:             ${summary.lost}`
  ]
}

/** True when all happened as it should. */
export function succeeded(summary: DemoSummary): boolean {
  return summary.promotedAfter !== undefined && summary.rolledBackAfter !== undefined && summary.lost === 0 && summary.requests > 0
}

function row(name: string, weight: string, share: string, [requests = '', success = '', p99 = '']: readonly string[]): string {
  return `${name.padEnd(18)}${weight.padStart(6)}  ${share.padEnd(BAR)}${requests.padStart(10)}${success.padStart(10)}${p99.padStart(10)}`.trimEnd()
}

function bar(weight: number): string {
  return '#'.repeat(Math.round((weight / 100) * BAR))
}

function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(1)} %`
}

function ms(value: Millis | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} ms`
}

function seconds(value: Millis): string {
  return `${(value / 1000).toFixed(1)} s`
}
