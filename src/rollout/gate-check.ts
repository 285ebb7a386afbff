// What the gate says, as a check of a Release: pass, fail, not enough data, or nobody who could be asked.

import type { ReleaseStatus } from '../api/serin-kinds.ts'
import { printable } from '../std/printable.ts'
import type { Step, Tick } from './tick.ts'
import type { RevisionEvidence } from '../gate/evidence.ts'

/** The name under which a Release has it. */
export const GATE_CHECK = 'evidence'

type Check = NonNullable<ReleaseStatus['checks']>[number]

/** What a tick heard of the gate: whenever the rollout was looked at, and when the gate had the last word. `moved`: it went on, or back. */
export function gateCheck(tick: Tick, step: Step, { at, moved }: { readonly at: string; readonly moved: boolean }): readonly Check[] {
  const { cluster, finding } = tick
  const { evidence } = cluster
  if (!isHeard(tick, step) || evidence === undefined || evidence.weight === 0 || evidence.revision !== finding.revision) return []
  const { situation } = finding
  const followed = moved && situation.kind === 'look' && situation.gate?.proven === true
  const because = printable((followed ? evidence.done : undefined) ?? evidence.sentence)
  return [{ at, check: GATE_CHECK, ...outcomeOf(evidence), because }]
}

function isHeard({ finding: { situation } }: Tick, { look }: Step): boolean {
  return situation.kind === 'worse' || situation.kind === 'retreat' || (situation.kind === 'look' && look === 'taken')
}

function outcomeOf({ outcome }: RevisionEvidence): Pick<Check, 'outcome' | 'cause'> {
  return outcome === 'pass' || outcome === 'fail' ? { outcome } : { outcome: 'unknown', cause: outcome }
}
