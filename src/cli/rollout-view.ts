// Facts of rollouts as lines: a block for one, a table for many, a line for each change. Pure; nothing of a stranger's text steers a terminal.

import { stringify } from 'yaml'
import { humanDuration } from '../server/human-duration.ts'
import type { Millis } from '../std/clock.ts'
import type { Line, Tone } from './demo-view.ts'
import { escaped, plainText } from './plain-text.ts'
import { chartOf, releaseRows } from './release-view.ts'
import { elapsed, type RolloutFacts } from './rollout-facts.ts'
import { tableLines } from './table-lines.ts'

const TONES: Readonly<Record<RolloutFacts['outcome'], Tone>> = {
  succeeded: 'good',
  failed: 'bad',
  waiting: 'strong',
  running: 'plain',
  suspended: 'dim'
}

/** All about one Canary. */
export function blockOf(facts: RolloutFacts, now: Millis): readonly Line[] {
  const { namespace, name, phase, cause, waitingFor, target, kind, strategy, interval, conditions, weak } = facts
  const changed = elapsed(facts.changedAt, now)
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Target', `${kind}/${target}, ${strategy}, a look every ${interval}`],
    ['Weight', weightText(facts)],
    ['Step', `${facts.step} of ${facts.steps}`],
    ['Failed checks', `${facts.failedChecks} of ${facts.threshold}`],
    ['Cause', cause ?? undefined],
    ['Waiting for', waitingFor ?? undefined],
    ['Routes', facts.routesChanged ?? undefined],
    ['Next look', nextLook(facts, now)],
    ['Age', ageText(facts.createdAt, now)],
    ['Changed', changed === undefined ? undefined : `${humanDuration(changed)} ago`],
    ...(facts.release === null ? [] : releaseRows(facts.release)),
    ...weak.map(({ path, text }) => ['Warning', `${path} ${text}`] as const),
    ...conditions.map(({ type, status, reason, message }) => ['Condition', `${type}=${status} ${reason}: ${message}`] as const)
  ]
  return [
    { text: plainText(`canary ${namespace}/${name}: ${phase}`), tone: TONES[facts.outcome] },
    ...rows.flatMap(([title, text]) =>
      text === undefined ? [] : [{ text: plainText(`  ${`${title}:`.padEnd(15)}${text}`), tone: 'plain' as const }]
    ),
    ...(facts.release === null ? [] : chartOf(facts.release).map((text) => ({ text: plainText(text), tone: 'dim' as const })))
  ]
}

/** Many Canaries, as kubectl prints tables. */
export function tableOf(all: readonly RolloutFacts[], now: Millis, width: 'narrow' | 'wide'): readonly Line[] {
  const wide = width === 'wide'
  const head = [
    'NAMESPACE',
    'NAME',
    'STATUS',
    'WEIGHT',
    'STEP',
    'FAILED',
    'AGE',
    ...(wide ? ['STRATEGY', 'INTERVAL', 'CHANGED', 'CAUSE'] : [])
  ]
  const rows = all.map((facts) => {
    const changed = elapsed(facts.changedAt, now)
    return [
      facts.namespace,
      facts.name,
      facts.phase,
      String(facts.weight.canary),
      `${facts.step}/${facts.steps}`,
      `${facts.failedChecks}/${facts.threshold}`,
      ageText(facts.createdAt, now),
      ...(wide
        ? [
            facts.strategy,
            facts.interval,
            changed === undefined ? '<unknown>' : humanDuration(changed),
            facts.waitingFor ?? facts.cause ?? ''
          ]
        : [])
    ].map(plainText)
  })
  return tableLines(
    head,
    rows.map((cells, index) => ({ cells, tone: TONES[all[index]?.outcome ?? 'running'] }))
  )
}

/** One line for logs; the same line again is no change. */
export function changeLine(facts: RolloutFacts): string {
  const { namespace, name, phase, waitingFor, cause } = facts
  const why = waitingFor === null ? cause : `waiting for ${waitingFor}`
  const head = `${namespace}/${name} ${phase} weight=${facts.weight.canary} step=${facts.step}/${facts.steps} failed=${facts.failedChecks}/${facts.threshold}`
  return plainText(why === null ? head : `${head} ${why}`)
}

/** The facts for programs: one object, or `{items}`. */
export function dataText(facts: object | readonly object[], format: 'json' | 'json line' | 'yaml'): string {
  const data = Array.isArray(facts) ? { items: facts } : facts
  // YAML has no escapes in its plain style: there a control character is a blank, in JSON it stays what it is, escaped.
  if (format === 'yaml')
    return stringify(
      JSON.parse(JSON.stringify(data), (_, value: unknown) => (typeof value === 'string' ? plainText(value) : value))
    ).trimEnd()
  return escaped(JSON.stringify(data, undefined, format === 'json' ? 2 : undefined))
}

function weightText({ weight }: RolloutFacts): string {
  return `primary ${weight.primary} %, canary ${weight.canary} %${weight.mirrored ? ', copies to the canary' : ''}`
}

function nextLook({ nextLookAt, interval }: RolloutFacts, now: Millis): string | undefined {
  const left = elapsed(nextLookAt, now)
  if (left === undefined) return undefined
  return left < 0 ? `in ${humanDuration(-left)}` : `within ${interval}`
}

function ageText(instant: string | null, now: Millis): string {
  const age = elapsed(instant, now)
  return age === undefined ? '<unknown>' : humanDuration(age)
}
