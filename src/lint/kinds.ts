// Istio's kinds beside the routed ones, and the Gateway API: what Istio says of them, and that nobody acts on them. They are stored and named,
// as a field is.

import type { KubeObject } from '../api/object.ts'
import { ACTED_ON, READ_BY_PART } from '../route/acted-on.ts'
import { problem, referTo } from '../route/catalogue.ts'
import type { ObjectProblem } from '../route/catalogue.ts'
import { checkWritten } from '../route/check-rules.ts'

/** Problems of every object of a kind that would change traffic elsewhere and does not here. */
export function lintKinds(objects: readonly KubeObject[]): ObjectProblem[] {
  return objects
    .filter(({ apiVersion, kind }) => isForTraffic(groupOf(apiVersion)) && !isRouted(groupOf(apiVersion), kind))
    .flatMap((object) => [
      ...checkWritten(object),
      ...(READ_BY_PART.includes(object.kind)
        ? []
        : [problem('not-applied-yet', { object: referTo(object.kind, object), path: 'spec' }, [`the kind ${object.kind}`])])
    ])
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
