// Canary (flagger.app): a rollout, its plan and its state. Behaviour is rollout's.

import { canaryAnalysis } from './flagger-canary-analysis.ts'
import { canaryService } from './flagger-canary-service.ts'
import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, boolean, choice, integer, map, number, object, required, string } from './schema-builder.ts'

const PROVIDERS = [
  'apisix',
  'appmesh',
  'appmesh:v1beta2',
  'contour',
  'gatewayapi:v1',
  'gatewayapi:v1beta1',
  'gloo',
  'istio',
  'knative',
  'kubernetes',
  'kuma',
  'linkerd',
  'nginx',
  'osm',
  'skipper',
  'smi:v1alpha1',
  'smi:v1alpha2',
  'smi:v1alpha3',
  'traefik'
] as const
const PHASES = [
  '',
  'Initializing',
  'Initialized',
  'Waiting',
  'Progressing',
  'WaitingPromotion',
  'Promoting',
  'Finalising',
  'Succeeded',
  'Failed',
  'Terminating',
  'Terminated'
] as const

const apiVersion = required(string('Its API version.'))
const name = required(string('Its name.'))
const atLeastOne = { minimum: 1 }

/** spec of a Canary. */
export const canarySpec = object('Plan of the rollout.', {
  provider: choice('What routes the traffic; absent: the setting of the controller.', ...PROVIDERS),
  metricsServer: string('Prometheus of this rollout.'),
  progressDeadlineSeconds: number('Longest time without progress of the pods, 600 by default.'),
  targetRef: required(
    object('What is rolled out.', { apiVersion, kind: required(choice('Its kind.', 'DaemonSet', 'Deployment', 'Service')), name })
  ),
  autoscalerRef: object('Autoscaler of the target.', {
    apiVersion,
    kind: required(choice('Its kind.', 'HorizontalPodAutoscaler', 'ScaledObject')),
    name,
    primaryScalerQueries: map('Queries of the primary, by trigger.', string('Query.')),
    primaryScalerReplicas: object('Bounds of the primary.', {
      minReplicas: integer('Least.', atLeastOne),
      maxReplicas: integer('Most.', atLeastOne)
    })
  }),
  ingressRef: object('Ingress; not acted on.', { apiVersion, kind: required(choice('Its kind.', 'Ingress')), name }),
  routeRef: object('APISIX route; not acted on.', { apiVersion, kind: required(choice('Its kind.', 'ApisixRoute')), name }),
  upstreamRef: object('Gloo upstream; not acted on.', {
    apiVersion,
    kind: required(choice('Its kind.', 'Upstream')),
    name,
    namespace: string('Its namespace.')
  }),
  service: canaryService,
  skipAnalysis: boolean('Promote without checks.'),
  revertOnDeletion: boolean('Give the traffic back to the target when the Canary is deleted.'),
  suspend: boolean('Do nothing.'),
  analysis: required(canaryAnalysis)
})
/** spec of a Canary. */
export type CanarySpec = Infer<typeof canarySpec>

const time = { format: 'date-time' }

/** status of a Canary. */
export const canaryStatus = object('State of the rollout.', {
  phase: choice('Where it is.', ...PHASES),
  failedChecks: number('Failed checks of this run.'),
  canaryWeight: number('Share of the traffic at the canary.'),
  iterations: number('Checks done of a blue/green or A/B rollout.'),
  trackedConfigs: map('Checksums of ConfigMaps and Secrets.', string('Checksum.')),
  lastAppliedSpec: string('Checksum of the revision under rollout.'),
  lastPromotedSpec: string('Checksum of the revision promoted last.'),
  lastTransitionTime: string('When the phase changed.', time),
  sessionAffinityCookie: string('Cookie of this run.'),
  primarySessionAffinityCookie: string('Cookie of the primary.'),
  previousSessionAffinityCookie: string('Cookie of the run before.'),
  conditions: array(
    'Current conditions.',
    object('A condition.', {
      lastTransitionTime: string('When it changed.', time),
      lastUpdateTime: string('When it was written.', time),
      message: string('Details for people.'),
      reason: required(string('One word.')),
      status: required(string('True, False or Unknown.')),
      type: required(string('Which condition.'))
    })
  )
})
/** status of a Canary. */
export type CanaryStatus = Infer<typeof canaryStatus>

/** A rollout. */
export interface Canary extends KubeObject {
  readonly kind: 'Canary'
  readonly spec: CanarySpec
  readonly status?: CanaryStatus
}
