// Whole objects that nobody acts on: Istio's kinds beside the routed ones, and the Gateway API. They are stored and named, as a field is.

import type { KubeObject } from '../api/object.ts'
import { ACTED_ON } from '../route/acted-on.ts'
import { problem } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'

/** A problem for every object of a kind that would change traffic elsewhere and does not here. */
export function lintKinds(objects: readonly KubeObject[]): ObjectProblem[] {
  return objects
    .filter(({ apiVersion, kind }) => isForTraffic(groupOf(apiVersion)) && !isRouted(groupOf(apiVersion), kind))
    .map(({ kind, metadata: { namespace = 'default', name = '' } }) =>
      problem('not-applied-yet', { object: { kind, namespace, name }, path: 'spec' }, [`the kind ${kind}`])
    )
}

function groupOf(apiVersion: string): string {
  return apiVersion.split('/')[0] ?? ''
}

function isForTraffic(group: string): boolean {
  return group.endsWith('.istio.io') || group === 'gateway.networking.k8s.io'
}

/** The Gateway API has a Gateway of its own. */
function isRouted(group: string, kind: string): boolean {
  return group === 'networking.istio.io' && Object.hasOwn(ACTED_ON, kind)
}
