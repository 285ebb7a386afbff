// MetricTemplate (flagger.app): a query for a number, with placeholders, and where to ask it.

import type { KubeObject } from './object.ts'
import type { Infer } from './schema-builder.ts'
import { array, boolean, choice, map, object, required, string } from './schema-builder.ts'

const PROVIDERS = [
  'prometheus',
  'influxdb',
  'datadog',
  'externalmetrics',
  'stackdriver',
  'cloudwatch',
  'newrelic',
  'graphite',
  'dynatrace',
  'keptn',
  'splunk'
] as const

/** spec of a MetricTemplate. */
export const metricTemplateSpec = object('A query and where to ask it.', {
  provider: required(
    object('Where to ask.', {
      type: required(choice('Kind of the provider.', ...PROVIDERS)),
      address: string('Its URL.'),
      headers: map('Headers to send.', array('Values.', string('Value.'))),
      secretRef: object('Secret with the credentials.', { name: required(string('Its name.')) }),
      region: string('Region of the provider.'),
      insecureSkipVerify: boolean('Do not verify the certificate.')
    })
  ),
  query: required(string('The query, with {{ placeholders }}.'))
})
/** spec of a MetricTemplate. */
export type MetricTemplateSpec = Infer<typeof metricTemplateSpec>

/** A query for a number. */
export interface MetricTemplate extends KubeObject {
  readonly kind: 'MetricTemplate'
  readonly spec: MetricTemplateSpec
}
