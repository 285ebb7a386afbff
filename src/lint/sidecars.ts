// Sidecars that select nobody, or somebody whom another Sidecar selects too: which of the two counts is not said (istio.md 7.5: IST0101, IST0110,
// IST0111).

import type { Sidecar } from '../api/istio-sidecar.ts'
import { hasLabels } from '../api/label-selector.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { keyOf, namespaceOf } from '../route/mesh-config.ts'
import type { Mesh } from './mesh.ts'
import type { WorkloadLabels } from './workloads.ts'

/** Problems of the selectors of Sidecars. */
export function lintSidecars(mesh: Mesh): ObjectProblem[] {
  const byNamespace = Map.groupBy(mesh.config.sidecars, namespaceOf)
  return [...byNamespace.entries()].flatMap(([namespace, sidecars]) => {
    const pods = mesh.around.workloads().filter((each) => each.namespace === namespace)
    const selecting = sidecars.filter((sidecar) => labelsOf(sidecar) !== undefined)
    return [
      ...lintWhole(sidecars.filter((sidecar) => labelsOf(sidecar) === undefined)),
      ...selecting.flatMap((sidecar) => lintSelector(mesh, sidecar, { pods, others: selecting.filter((other) => other !== sidecar) }))
    ]
  })
}

/** Labels that its pods have; undefined: all pods of the namespace. */
function labelsOf({ spec }: Sidecar): Readonly<Record<string, string>> | undefined {
  const labels = spec.workloadSelector?.labels ?? {}
  return Object.keys(labels).length === 0 ? undefined : labels
}

function lintWhole(sidecars: readonly Sidecar[]): ObjectProblem[] {
  if (sidecars.length < 2) return []
  return sidecars.map((sidecar) => {
    const others = sidecars.filter((other) => other !== sidecar)
    return problem('sidecars-whole', { object: referTo('Sidecar', sidecar), path: 'spec' }, [others.map(keyOf).join(', ')])
  })
}

interface Around {
  readonly pods: readonly WorkloadLabels[]
  readonly others: readonly Sidecar[]
}

function lintSelector(mesh: Mesh, sidecar: Sidecar, { pods, others }: Around): ObjectProblem[] {
  const place = { object: referTo('Sidecar', sidecar), path: 'spec.workloadSelector' }
  const wanted = labelsOf(sidecar) ?? {}
  const own = pods.filter(({ labels }) => hasLabels(labels, wanted))
  // Pods may be in files that are not among these.
  if (own.length === 0 && mesh.pods === 'some' && mesh.around.workloads().length === 0) return []
  if (own.length === 0) {
    const text = Object.entries(wanted).map(([key, value]) => `${key}=${value}`)
    return [problem('sidecar-selects-nobody', place, [text.join(', '), namespaceOf(sidecar)])]
  }
  const rivals = others.filter((other) => own.some(({ labels }) => hasLabels(labels, labelsOf(other) ?? {})))
  return rivals.length === 0 ? [] : [problem('sidecars-overlap', place, [rivals.map(keyOf).join(', ')])]
}
