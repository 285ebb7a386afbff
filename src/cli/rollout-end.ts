// How the commands of a rollout end: their exit statuses and the sentences of failures.

import { ApiError } from '../kube/kube-client.ts'
import { KubeconfigError } from '../remote/kubeconfig.ts'
import { plainText } from './plain-text.ts'
import type { RolloutFacts } from './rollout-facts.ts'

/** Exit statuses (docs/rollouts.md). 2 is also that of a wrong command line. */
export const EXIT = {
  done: 0,
  refused: 1,
  unusable: 2,
  failed: 3,
  timedOut: 4,
  waiting: 5,
  notFound: 6,
  unreachable: 7,
  running: 8,
  interrupted: 130
} as const

/** A command that ends with a status and a sentence. */
export class RolloutError extends Error {
  override readonly name = 'RolloutError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** No Canary of this name. */
export function notFound(namespace: string | undefined, name: string): RolloutError {
  return new RolloutError(
    EXIT.notFound,
    `canary ${plainText(name)} not found in namespace ${plainText(namespace ?? 'default')}; serin status -A shows all`
  )
}

/** The exit status that tells how a rollout stands. */
export function exitOf({ outcome }: RolloutFacts): number {
  switch (outcome) {
    case 'succeeded':
      return EXIT.done
    case 'failed':
      return EXIT.failed
    case 'waiting':
    case 'suspended':
      return EXIT.waiting
    case 'running':
      return EXIT.running
  }
}

/** Exit status and sentence of a failure; undefined for what is none of these: a bug. */
export function failureOf(error: unknown): { readonly code: number; readonly message: string } | undefined {
  if (error instanceof RolloutError) return { code: error.code, message: error.message }
  if (error instanceof KubeconfigError) return { code: EXIT.unusable, message: lines(error.message) }
  if (!(error instanceof ApiError)) return undefined
  const message = lines(error.message)
  if (error.reason === 'Unreachable' || error.status === 504) return { code: EXIT.unreachable, message }
  const hint = error.status === 404 ? "; the cluster may not know Flagger's Canary" : ''
  return { code: EXIT.refused, message: `${error.status} ${error.reason}: ${message}${hint}` }
}

function lines(text: string): string {
  return text.split('\n').map(plainText).join('\n')
}
