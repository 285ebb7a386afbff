// spec.analysis of a Canary (flagger.app): how the traffic moves and what decides.

import type { Infer } from './schema-builder.ts'
import { array, atMostOne, boolean, choice, exactlyOne, map, number, object, required, string } from './schema-builder.ts'
import type { Typed } from './schema-builder.ts'

const text = (description: string): Typed<string> => string(description, { format: 'string' })
// Not anchored at the end, as in the official CRD: 1m30s and 500ms pass.
const DURATION = '^[0-9]+(m|s)'
const duration = (description: string): Typed<string> => string(description, { pattern: DURATION })

const objectRef = object('An object by name.', {
  name: required(string('Its name.')),
  namespace: string('Its namespace; absent: the same.')
})

const headerMatch = object(
  'How a header must look.',
  {
    exact: text('Equal to.'),
    prefix: text('Starts with.'),
    suffix: text('Ends with.'),
    regex: text('RE2 expression that matches all of it.')
  },
  exactlyOne(['exact'], ['prefix'], ['suffix'], ['regex'])
)
const queryMatch = object(
  'How a query parameter must look.',
  { exact: string('Equal to.'), prefix: string('Starts with.'), regex: string('RE2 expression that matches all of it.') },
  atMostOne('exact', 'prefix', 'regex')
)

const metric = object('A check of one number.', {
  name: required(string('request-success-rate, request-duration, or any name.')),
  interval: duration('How far back it looks.'),
  threshold: number('One bound; replaced by thresholdRange.'),
  thresholdRange: object('Bounds, both allowed values.', { min: number('Lowest good value.'), max: number('Highest good value.') }),
  query: string('PromQL; replaced by templateRef.'),
  templateRef: objectRef,
  templateVariables: map('Variables of the template.', string('Value.'))
})
/** A metric check of a Canary. */
export type CanaryMetric = Infer<typeof metric>

const alert = object('Messages to people.', {
  name: required(string('Name of the alert.')),
  severity: choice('Lowest severity told.', '', 'info', 'warn', 'error'),
  providerRef: required(objectRef)
})
/** An alert of a Canary. */
export type CanaryAlert = Infer<typeof alert>

const webhook = object('A question or message to another program.', {
  name: required(string('Name of the hook.')),
  type: choice(
    'When it is called; absent: rollout.',
    '',
    'confirm-rollout',
    'pre-rollout',
    'rollout',
    'confirm-promotion',
    'post-rollout',
    'event',
    'rollback',
    'confirm-traffic-increase'
  ),
  muteAlert: boolean('No alert while waiting.'),
  url: required(string('Where it is posted.', { format: 'url' })),
  timeout: duration('Limit of one call, 10s by default.'),
  retries: number('Calls after the first.'),
  disableTLS: boolean('Do not verify the certificate.'),
  metadata: map('Sent along.', string('Value.'))
})
/** A webhook of a Canary. */
export type CanaryWebhook = Infer<typeof webhook>

const sessionAffinity = object('Callers that saw the canary keep seeing it.', {
  cookieName: required(string('Cookie of the canary.')),
  primaryCookieName: string('Cookie of the primary.'),
  domain: string('Domain of the cookie.'),
  httpOnly: boolean('Hide it from scripts.'),
  maxAge: number('Life of the cookie in seconds.', { default: 86400 }),
  partitioned: boolean('Partition it by site.'),
  path: string('Path of the cookie.'),
  sameSite: choice('SameSite of the cookie.', 'Strict', 'Lax', 'None'),
  secure: boolean('Send it over TLS only.')
})
/** Session affinity of a Canary. */
export type SessionAffinity = Infer<typeof sessionAffinity>

const match = object('Conditions that must all hold.', {
  headers: map('Request headers.', headerMatch),
  queryParams: map('Query parameters.', queryMatch),
  sourceLabels: map('Labels of the calling workload.', text('Label value.'))
})

const timed = ['interval', 'threshold']

/** spec.analysis of a Canary. */
export const canaryAnalysis = object(
  'How the traffic moves and what decides.',
  {
    interval: duration('Time between steps.'),
    iterations: number('Checks of a blue/green or A/B rollout.'),
    threshold: number('Failed checks that end the rollout.'),
    maxWeight: number('Weight at which promotion starts.'),
    stepWeight: number('Weight added at each step.'),
    stepWeights: array('The weights, one by one.', number('Weight.')),
    stepWeightPromotion: number('Weight taken back at each step of the promotion.'),
    mirror: boolean('Mirror requests before shifting them.'),
    mirrorWeight: number('Share of the requests mirrored.'),
    primaryReadyThreshold: number('Percent of primary pods that must be ready.'),
    canaryReadyThreshold: number('Percent of canary pods that must be ready.'),
    match: array('Requests that may see the canary.', match),
    metrics: array('The checks.', metric),
    alerts: array('The messages.', alert),
    webhooks: array('The hooks.', webhook),
    sessionAffinity
  },
  exactlyOne([...timed, 'iterations'], [...timed, 'stepWeight'], [...timed, 'stepWeights'])
)
/** spec.analysis of a Canary. */
export type CanaryAnalysis = Infer<typeof canaryAnalysis>
