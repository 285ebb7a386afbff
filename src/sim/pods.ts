// What pods would do, as far as a rollout sees it: the status of a Deployment whose pods are there, or come one after the other.

import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'

/** The status of a Deployment with so many of its pods available; `stuck`: they do not get ready. `at`: RFC 3339. */
export function deploymentStatus(
  deployment: KubeObject,
  { available, stuck = false }: { readonly available: number; readonly stuck?: boolean },
  at: string
): Readonly<Record<string, unknown>> {
  const wanted = wantedPods(deployment)
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: wanted,
    updatedReplicas: wanted,
    readyReplicas: available,
    availableReplicas: available,
    conditions: [
      { type: 'Progressing', status: 'True', reason: stuck ? 'ReplicaSetUpdated' : 'NewReplicaSetAvailable', lastUpdateTime: at },
      stuck
        ? { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', lastUpdateTime: at }
        : { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', lastUpdateTime: at }
    ]
  }
}

/** How many pods a Deployment wants. */
export function wantedPods(deployment: KubeObject): number {
  return Number(dig(deployment, 'spec', 'replicas') ?? 1)
}
