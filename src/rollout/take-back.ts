// An abort that comes when the primary has been overwritten: the primary becomes again what it was, and has all traffic.

import { dig } from '../std/json.ts'
import { REQUESTS } from './requests.ts'
import { type RolloutState, standingOf } from './state.ts'
import { type Conclusion, event, held, hooksAfter, subject, type Tick } from './tick.ts'
import { podsOf } from './trouble.ts'

/**
 * The primary is restored. Traffic goes to it at once while old pods of it serve; where none do, or all end before others begin, the canary
 * has it until they are there (situation `hand-back`).
 */
export function takeBack(tick: Tick): Conclusion {
  const { state, plan } = tick.finding
  const { primary } = tick.cluster
  const sides = { plan, state, cluster: tick.cluster }
  const reason = `annotation ${REQUESTS.abort}=true`
  const bridged = (dig(primary, 'spec', 'strategy', 'type') === 'Recreate' || podsOf(sides, 'primary') === 0) && podsOf(sides, 'canary') > 0
  const told = [
    event('Warning', `Rolling back ${subject(tick)} ${reason}`, 'progressing'),
    event('Warning', `Restoring ${plan.target}-primary.${plan.namespace} to what it was before the promotion`, 'progressing'),
    event(
      'Warning',
      `Canary failed! ${bridged ? 'It keeps all traffic until the primary is ready:' : 'Scaling down'} ${subject(tick)}`,
      'failed'
    )
  ]
  const next: RolloutState = { ...standingOf(state), phase: 'failed', weight: bridged ? 100 : 0, failedChecks: 0, because: reason }
  return {
    ...held(tick, [...told, ...hooksAfter(tick, 'failed')], 'reset'),
    state: next,
    primarySpec: 'restore',
    canaryReplicas: bridged ? 'keep' : 'zero'
  }
}
