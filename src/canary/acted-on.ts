// Which fields of Flagger's kinds a rollout acts on, as one table; acted-on.test.ts holds it against plan, render and questions. Fields that
// stop a rollout altogether when they ask for something else (provider) are refused in notices.ts.

import { ACTED, each, inside, type Treatment } from '../api/acted-on.ts'

const REFUSED = { idle: 'any other value than the one that is done refuses the Canary' }

const METADATA = inside(each('annotations', 'labels'))

const SERVICE = inside({
  ...each('appProtocol', 'corsPolicy', 'delegation', 'gateways', 'headers', 'hosts', 'match', 'name', 'port', 'portName', 'retries'),
  ...each('headless', 'portDiscovery', 'targetPort', 'timeout', 'trafficDistribution', 'trafficPolicy', 'unmanagedMetadata'),
  rewrite: inside(each('authority', 'uri')),
  apex: METADATA,
  canary: METADATA,
  primary: METADATA
})

const ANALYSIS = inside({
  ...each('canaryReadyThreshold', 'interval', 'maxWeight', 'primaryReadyThreshold', 'stepWeight', 'stepWeightPromotion', 'stepWeights'),
  ...each('iterations', 'match', 'mirror', 'mirrorWeight', 'threshold'),
  sessionAffinity: inside(
    each('cookieName', 'domain', 'httpOnly', 'maxAge', 'partitioned', 'path', 'primaryCookieName', 'sameSite', 'secure')
  ),
  metrics: inside(each('interval', 'name', 'query', 'templateRef', 'templateVariables', 'threshold', 'thresholdRange')),
  alerts: inside(each('name', 'providerRef', 'severity')),
  webhooks: inside(each('disableTLS', 'metadata', 'muteAlert', 'name', 'retries', 'timeout', 'type', 'url'))
})

const CANARY = inside({
  ...each('metricsServer', 'progressDeadlineSeconds', 'revertOnDeletion', 'skipAnalysis', 'suspend'),
  provider: ACTED,
  autoscalerRef: inside({
    ...each('kind', 'name', 'primaryScalerQueries'),
    apiVersion: { idle: 'each kind is read in the one version that every cluster serves' },
    primaryScalerReplicas: inside(each('minReplicas', 'maxReplicas'))
  }),
  targetRef: inside({ name: ACTED, kind: ACTED, apiVersion: REFUSED }),
  service: SERVICE,
  analysis: ANALYSIS
})

/** The treatment of `spec` by kind; Flagger's other kinds are not acted on at all. */
export const ACTED_ON = { Canary: CANARY } as const satisfies Readonly<Record<string, Treatment>>
