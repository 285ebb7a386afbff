// A rehearsal as plain data: every number that the tables and pictures show, for programs.

import { goodRunsOf, type Question, type Rehearsal, type Row } from './rehearsal.ts'
import { changeText } from './what-if.ts'

/** Shares with their 95 % intervals, seconds, counts. */
export function rehearsalJson({ rehearsed, ladder, question, weak, story, releases, good, changes }: Rehearsal): unknown {
  const { plan, leftOut } = rehearsed
  const { service, seed, runs, disturbance } = question
  return {
    canary: `${plan.namespace}/${plan.name}`,
    ladder: ladder.weights,
    ladderOfTraffic: ladder.ofTraffic,
    traffic: service,
    seed,
    runs,
    goodRuns: goodRunsOf(runs),
    ...(question.madeFrom !== undefined && { madeFrom: question.madeFrom }),
    argo: argoJson(question.argo),
    notPlayed: leftOut,
    warnings: weak,
    story,
    releases: releases.map(({ regression, rows }) => ({ regression, disturbance, leaders: rows.map(rowJson) })),
    good: good.map((each) => ({ disturbance: each.disturbance, leaders: each.rows.map(rowJson) })),
    whatIf: changes.map((each) => ({ change: changeText(each.change), bad: rowJson(each.bad), good: rowJson(each.good) }))
  }
}

function argoJson(argo: Question['argo']): unknown {
  if (argo === undefined) return { played: 'sample' }
  const { rollout } = argo
  return argo.kind === 'plan'
    ? { played: 'rollout', rollout, notPlayed: argo.leftOut }
    : { played: 'sample', rollout, because: argo.because }
}

function rowJson({ leader, outcomes }: Row): unknown {
  return { leader, ...outcomes }
}
