// Facts of Releases as lines: what is on its way within `serin status NAME`, and the history as a table.

import { chartSvg } from '../gate/chart-svg.ts'
import { chartLines } from '../gate/chart.ts'
import { restoredTrace, type Trace } from '../gate/trace.ts'
import { countText } from '../gate/words.ts'
import { humanDuration } from '../server/human-duration.ts'
import type { Millis } from '../std/clock.ts'
import { parseInstant } from '../std/instant.ts'
import type { Line, Tone } from './demo-view.ts'
import { plainText } from './plain-text.ts'
import type { CheckFacts, ReleaseFacts } from './release-facts.ts'
import { tableLines } from './table-lines.ts'

const TONES: Readonly<Record<string, Tone>> = { succeeded: 'good', failed: 'bad', withdrawn: 'dim', superseded: 'dim' }

const CHART_COLUMNS = 80
const CHART_ROWS = 8

/** Titles and texts of the release that is on its way, or was last. */
export function releaseRows(release: ReleaseFacts): readonly (readonly [string, string])[] {
  const { name, outcome, images, attempts, stages, checks, requests, evidence, exposure, because } = release
  const said = [outcome, ...images, ...(attempts > 1 ? [`attempt ${attempts}`] : [])].join(', ')
  return [
    ['Release', `${name} (${said})`],
    ...(stages.length === 0 ? [] : [['Plan', stages.join(', ')] as const]),
    // Where the gate had the last word, the cause is that word.
    ...(evidence === null || evidence === because ? [] : [['Evidence', evidence] as const]),
    ...(exposure === null || exposure === undefined ? [] : [['Exposure', exposureText(exposure)] as const]),
    ...requests.map(
      ({ at, request, outcome: came, by, until }) =>
        [
          'Asked',
          `${request}${by === undefined ? '' : ` by ${by}`} at ${at}${until === undefined ? '' : `, until ${until}`}: ${came}`
        ] as const
    ),
    ...checks.map((check) => ['Check', checkText({ ...check, because: check.because === evidence ? null : check.because })] as const)
  ]
}

function exposureText({ requests, failed, excess, users, errorBudget }: NonNullable<ReleaseFacts['exposure']>): string {
  const of = (count: number, what: string): string => `${countText(count)} ${what}${count === 1 ? '' : 's'}`
  const met = [of(requests, 'request'), ...(users === undefined ? [] : [of(users, 'user')])].join(' and ')
  const spent = errorBudget === undefined ? '' : `, ${errorBudget} % of the error budget of 30 days`
  return `${met} met it; ${countText(failed)} failed, ${countText(excess)} because of it${spent}`
}

/** What the gate said in the course of a release; undefined where nothing of it was kept. */
export function traceIn(chart: string | null): Trace | undefined {
  return chart === null ? undefined : restoredTrace(chart)
}

/** The evidence chart of a release; no lines where its gate has not looked yet, or where it has none. */
export function chartOf({ chart }: Pick<ReleaseFacts, 'chart'>, columns = CHART_COLUMNS): readonly string[] {
  const trace = traceIn(chart)
  return trace === undefined ? [] : chartLines(trace, { columns, rows: CHART_ROWS })
}

/** The same as an SVG document; undefined where there is none. */
export function pictureOf({ chart, name, evidence, images }: ReleaseFacts): string | undefined {
  const trace = traceIn(chart)
  if (trace === undefined || trace.points.length === 0) return undefined
  return chartSvg(trace, { title: [name, ...images].join(', '), sentence: evidence ?? '' }).trimEnd()
}

function checkText({ check, because, count, ...came }: CheckFacts): string {
  const outcome = outcomeText(came)
  // Some reasons begin with it.
  const why = because?.startsWith(`${outcome}: `) ? because.slice(outcome.length + 2) : because
  return `${check}: ${outcome}${count > 1 ? ` ${count} times` : ''}${why === null || why === undefined ? '' : `, ${why}`}`
}

function outcomeText({ outcome, cause }: Pick<CheckFacts, 'outcome' | 'cause'>): string {
  return cause === null ? outcome : cause === 'down' ? 'provider down' : 'not enough data'
}

/** The history, oldest first, as kubectl prints tables. */
export function historyTable(releases: readonly ReleaseFacts[], now: Millis, width: 'narrow' | 'wide'): readonly Line[] {
  const wide = width === 'wide'
  const head = ['RELEASE', 'OUTCOME', 'STARTED', 'TOOK', 'ATTEMPTS', 'IMAGES', ...(wide ? ['REVISION', 'PLAN'] : []), 'CAUSE']
  const rows = releases.map((release) => {
    const { name, outcome, attempts, images, revision, stages, because } = release
    const more = wide ? [revision, stages.join(',')] : []
    const cells = [name, outcome, agoText(release, now), tookText(release, now), String(attempts), images.join(','), ...more, because ?? '']
    return { cells: cells.map(plainText), tone: TONES[outcome] ?? 'plain' }
  })
  return tableLines(head, rows)
}

function agoText({ startedAt }: ReleaseFacts, now: Millis): string {
  const at = parseInstant(startedAt ?? undefined)
  return at === undefined ? '<unknown>' : `${humanDuration(now - at)} ago`
}

function tookText({ startedAt, endedAt }: ReleaseFacts, now: Millis): string {
  const [from, to] = [parseInstant(startedAt ?? undefined), endedAt === null ? now : parseInstant(endedAt)]
  return from === undefined || to === undefined ? '<unknown>' : humanDuration(to - from)
}
