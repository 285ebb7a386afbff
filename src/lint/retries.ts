// Retry settings that cannot do what they say: tries that do not fit into the timeout, tries cut off that nothing retries
// (istio.md 1.15, 9.20).

import { parseDuration } from '../api/duration.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import type { Millis } from '../std/clock.ts'
import { rulesOf, within } from './mesh.ts'
import type { Mesh, PlacedRule } from './mesh.ts'

const RETRIES_CUT_TRIES = ['5xx', 'gateway-error', 'reset']

/** Problems of the retries of every HTTP rule. */
export function lintRetries(mesh: Mesh): ObjectProblem[] {
  return rulesOf(mesh).flatMap(lintRule)
}

function lintRule({ rule, place }: PlacedRule): ObjectProblem[] {
  const { attempts = 0, perTryTimeout, retryOn = '' } = rule.retries ?? {}
  const each = millis(perTryTimeout)
  if (each === 0 || attempts <= 0) return []
  const at = within(place, 'retries.perTryTimeout')
  const problems: ObjectProblem[] = []
  const timeout = millis(rule.timeout)
  if (timeout > 0 && each * (attempts + 1) > timeout) problems.push(problem('per-try-too-long', at, [attempts + 1, each, timeout]))
  const words = retryOn.split(',').map((word) => word.trim())
  if (!words.some((word) => RETRIES_CUT_TRIES.includes(word))) problems.push(problem('per-try-not-retried', at))
  return problems
}

function millis(text: string | undefined): Millis {
  return (text === undefined ? undefined : parseDuration(text)) ?? 0
}
