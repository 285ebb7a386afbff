// What the versions of a rollout are called in sentences.

import { dig, someText } from '../std/json.ts'
import type { ClusterView } from './cluster-view.ts'

/** Names of both versions. */
export interface Versions {
  readonly canary: string
  readonly stable: string
}

/** By their pods' `version` labels, or the tags of their first images, where these tell them apart; else the canary and the primary. */
export function versionsOf({ target, primary }: Pick<ClusterView, 'target' | 'primary'>): Versions {
  for (const read of [labelOf, tagOf]) {
    const [canary, stable] = [read(target), read(primary)]
    if (canary !== undefined && stable !== undefined && canary !== stable) return { canary, stable }
  }
  return { canary: 'the canary', stable: 'the primary' }
}

function labelOf(workload: unknown): string | undefined {
  return someText(dig(workload, 'spec', 'template', 'metadata', 'labels', 'version'))
}

function tagOf(workload: unknown): string | undefined {
  const containers = dig(workload, 'spec', 'template', 'spec', 'containers')
  const image = Array.isArray(containers) ? someText(dig(containers[0], 'image')) : undefined
  return image === undefined ? undefined : /^[^@]*:([\w][\w.-]{0,30})$/.exec(image)?.[1]
}
