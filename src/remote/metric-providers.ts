// All providers of metrics (flagger.md 4.4) behind one port: QuerySource of control. What is told of a failure holds no credentials.

import type { MetricTemplateSpec } from '../api/flagger-metric-template.ts'
import { printable } from '../std/printable.ts'
import type { Provider, ProviderQuery, ProviderReading, ProviderWorld } from './provider-call.ts'
import { askCloudWatch } from './provider-cloudwatch.ts'
import { askDatadog } from './provider-datadog.ts'
import { askDynatrace } from './provider-dynatrace.ts'
import { askExternalMetrics } from './provider-external-metrics.ts'
import { askGraphite } from './provider-graphite.ts'
import { askInfluxDb } from './provider-influxdb.ts'
import { askKeptn } from './provider-keptn.ts'
import { askNewRelic } from './provider-newrelic.ts'
import { askPrometheus } from './provider-prometheus.ts'
import { askSplunk } from './provider-splunk.ts'
import { askStackdriver } from './provider-stackdriver.ts'

type ProviderType = MetricTemplateSpec['provider']['type']

const PROVIDERS: Readonly<Record<ProviderType, Provider>> = {
  prometheus: askPrometheus,
  influxdb: askInfluxDb,
  datadog: askDatadog,
  externalmetrics: askExternalMetrics,
  stackdriver: askStackdriver,
  cloudwatch: askCloudWatch,
  newrelic: askNewRelic,
  graphite: askGraphite,
  dynatrace: askDynatrace,
  keptn: askKeptn,
  splunk: askSplunk
}

/** Asks providers by their type. */
export class MetricProviders {
  readonly #world: ProviderWorld

  constructor(world: ProviderWorld) {
    this.#world = world
  }

  /** Rejects only with the signal's reason. */
  async measure(asked: ProviderQuery, signal: AbortSignal): Promise<ProviderReading> {
    const { type } = asked.provider.spec
    // A cluster's schema may know more of them than we do.
    if (!Object.hasOwn(PROVIDERS, type)) return { kind: 'misconfigured', because: `provider.type ${type} is not supported` }
    const reading = await PROVIDERS[type](asked, this.#world, signal)
    if (reading.kind === 'value' || reading.because === undefined) return reading
    return { ...reading, because: printable(withoutSecrets(reading.because, asked)) }
  }
}

/** `text` without credentials: providers may repeat in an answer what they were sent. */
export function withoutSecrets(text: string, { provider: { credentials, spec } }: ProviderQuery): string {
  const secrets = [...Object.values(credentials), ...Object.values(spec.headers ?? {}).flat()].filter((secret) => secret.length > 3)
  return secrets.reduce((told, secret) => told.replaceAll(secret, '***'), text)
}
