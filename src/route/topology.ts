// Where workloads are: `region/zone/subzone`, from a pod's own label, from its node, or from topology labels of the pod; and the labels
// that follow from it, which subsets and failover priorities may name (istio.md 2.4, 2.5).

import type { MeshConfig, MeshPod } from './mesh-config.ts'

type Labels = Readonly<Record<string, string>>

const LOCALITY = 'istio-locality'
const REGION = 'topology.kubernetes.io/region'
const ZONE = 'topology.kubernetes.io/zone'
const SUBZONE = 'topology.istio.io/subzone'

/** Labels that say where a caller is. */
export const TOPOLOGY_LABELS: readonly string[] = [LOCALITY, REGION, ZONE, SUBZONE]

/** A locality's parts, '' where nothing is known. */
export function partsOf(locality: string): readonly [region: string, zone: string, subzone: string] {
  const [region = '', zone = '', subzone = ''] = locality.split('/')
  return [region, zone, subzone]
}

/** The locality that labels tell; '' when they tell none. `istio-locality` is written with dots, since labels have no slashes. */
export function localityOfLabels(labels: Labels): string {
  const own = labels[LOCALITY]
  if (own !== undefined && own !== '') return own.includes('/') ? own : own.replaceAll('.', '/')
  const parts = [labels[REGION] ?? '', labels[ZONE] ?? '', labels[SUBZONE] ?? '']
  while (parts.at(-1) === '') parts.pop()
  return parts.join('/')
}

/** Labels with those that the locality stands for. */
export function withTopology(labels: Labels, locality: string): Labels {
  if (locality === '') return labels
  const [region, zone, subzone] = partsOf(locality)
  const more = [
    [REGION, region],
    [ZONE, zone],
    [SUBZONE, subzone]
  ] as const
  return { ...labels, ...Object.fromEntries(more.filter(([, value]) => value !== '')) }
}

/** Owns the index of nodes. */
export class Topology {
  readonly #nodes: ReadonlyMap<string, string>

  constructor({ nodes = [] }: Pick<MeshConfig, 'nodes'>) {
    this.#nodes = new Map(nodes.map(({ metadata }) => [metadata.name ?? '', localityOfLabels(metadata.labels ?? {})]))
  }

  /** Where a pod is: its own word first, then its node's, then topology labels that the pod carries itself. */
  ofPod(pod: MeshPod): string {
    const { labels = {} } = pod.metadata
    const node = labels[LOCALITY] === undefined ? this.#nodes.get(pod.spec?.nodeName ?? '') : undefined
    return node === undefined || node === '' ? localityOfLabels(labels) : node
  }
}
