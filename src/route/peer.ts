// Who a pod is in metrics: the workload behind it and what its labels call it.

import type { MeshPod } from './mesh-config.ts'
import type { Source } from './route-table.ts'

const UNKNOWN = 'unknown'

/** A pod's part of the source_* and destination_* labels; app and version are `unknown` where it has no such label (istio.md 6.1). */
export function peerOf(pod: MeshPod): Source {
  const { namespace = 'default', labels = {} } = pod.metadata
  const service = labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name']
  const revision = labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version']
  return {
    workload: workloadOf(pod),
    namespace,
    app: labels['app'] ?? UNKNOWN,
    version: labels['version'] ?? UNKNOWN,
    ...(service === undefined ? {} : { canonicalService: service }),
    ...(revision === undefined ? {} : { canonicalRevision: revision })
  }
}

/** The Deployment behind a pod: its ReplicaSet's name without the template hash; else its owner's name, else its own. */
export function workloadOf(pod: MeshPod): string {
  const { name = UNKNOWN, labels = {}, ownerReferences = [] } = pod.metadata
  const owner = ownerReferences.find(({ controller }) => controller === true)
  const hash = labels['pod-template-hash']
  if (owner === undefined) return name
  return owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name
}
