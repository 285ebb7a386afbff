// What to tell of an object whose kind is not served: what to write instead, where there is something, and why it would not matter.

import type { KindSpec } from '../api/kind.ts'

const ROUTES = 'write a VirtualService of networking.istio.io instead, which is routed here'
const ROLES = 'it may be left out: every client of this API may do everything'
const STORED = 'it is kept once its CustomResourceDefinition is applied'

// By group, or by group and kind, the narrower first.
const ADVICE: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io/Gateway': 'write a Gateway of networking.istio.io instead, which is served here',
  'gateway.networking.k8s.io': ROUTES,
  'networking.k8s.io/Ingress': 'write a Gateway and a VirtualService of networking.istio.io instead',
  'networking.k8s.io/NetworkPolicy': 'it may be left out: processes of one machine are not kept apart',
  'rbac.authorization.k8s.io': ROLES,
  'security.istio.io/PeerAuthentication': 'it may be left out: callers and pods of this mesh speak plain HTTP, and need no certificates',
  'monitoring.coreos.com':
    'it may be left out: requests are counted by the mesh itself; what else a Canary is to ask has its address in a MetricTemplate',
  'metrics.keptn.sh': `a MetricTemplate of type keptn asks a Keptn elsewhere; ${STORED}`,
  'keda.sh': `${STORED}, and the copy for a primary with it; nothing here scales by it: write a HorizontalPodAutoscaler to scale`,
  'argoproj.io/Rollout': 'serin convert turns it into a Canary',
  'argoproj.io/AnalysisTemplate': 'serin convert turns it into MetricTemplates',
  'argoproj.io/ClusterAnalysisTemplate': 'serin convert turns it into MetricTemplates',
  'serving.knative.dev': 'write a Deployment and a Canary for it instead',
  'apps/StatefulSet': 'it is not run here: write a Deployment, if its pods need no names and volumes of their own',
  batch: 'it is not run here: run its command in a shell, or as a Pod',
  'kustomize.config.k8s.io': 'kubectl apply -k reads it',
  'split.smi-spec.io': ROUTES,
  'linkerd.io': ROUTES,
  'policy.linkerd.io': ROUTES,
  'gateway.solo.io': ROUTES,
  'projectcontour.io': ROUTES,
  'traefik.io': ROUTES,
  'traefik.containo.us': ROUTES,
  'appmesh.k8s.aws': ROUTES,
  'kuma.io': ROUTES,
  'apisix.apache.org': ROUTES
}

/** A sentence about an object of a kind that is not among `kinds`: `X in g/v is not a kind known here: ...`. */
export function unservedText(apiVersion: string, kind: string, kinds: readonly KindSpec[]): string {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  const other = kinds.find((known) => known.group === group && known.kind === kind)?.versions.find(({ served }) => served)
  const prefix = group === '' ? '' : `${group}/`
  const advice = other === undefined ? adviceOn(group, kind) : `it is in ${prefix}${other.name}: write that as its apiVersion`
  return `${kind} in ${apiVersion} is not a kind known here: ${advice ?? 'not looked at'}`
}

function adviceOn(group: string, kind: string): string | undefined {
  for (const key of [`${group}/${kind}`, group]) if (Object.hasOwn(ADVICE, key)) return ADVICE[key]
  return undefined
}
