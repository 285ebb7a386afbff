// Providers of Argo's metrics as those of MetricTemplates: the query as it is, and where it is asked.

import type { Notes, Source } from './note.ts'
import { compact, mapAt, textAt } from './read.ts'
import { listAt } from '../std/json.ts'

/** spec.provider of a MetricTemplate, and its query. */
export interface Provider {
  readonly spec: Readonly<Record<string, unknown>>
  readonly query: string
}

interface At {
  readonly path: string
  readonly metric: unknown
}

/** The provider of a metric; undefined, with a note, where there is no counterpart. */
export function providerOf(template: Source, { path, metric }: At, notes: Notes): Provider | undefined {
  const given = mapAt(metric, 'provider') ?? {}
  const [type = ''] = Object.keys(given)
  const at = `${path}.provider.${type}`
  const value = mapAt(given, type) ?? {}
  const query = textAt(value, 'query')
  const refuse = (message: string): undefined => {
    notes.error(template, at, message)
    return undefined
  }
  if (NONE[type] !== undefined) return refuse(NONE[type])
  if (type !== 'prometheus' && SECRETS[type] === undefined) return refuse('has no counterpart')
  if (query === undefined) return refuse('has no single query, which a MetricTemplate needs')
  if (type === 'prometheus') return prometheus(template, { at, value, query }, notes)
  const secret = SECRETS[type] ?? ''
  if (secret !== '')
    notes.warn(
      template,
      at,
      `credentials are read from Secret ${secretName(type, value)} beside the MetricTemplate, with the keys ${secret}`
    )
  const spec = {
    type: type.toLowerCase(),
    address: textAt(value, 'address'),
    secretRef: secret === '' ? undefined : { name: secretName(type, value) }
  }
  return { spec: compact(spec), query }
}

const NONE: Readonly<Record<string, string>> = {
  web: 'has no counterpart: a webhook of type rollout is a POST that passes with 2xx and fails otherwise; put such a judge before the service',
  job: 'has no counterpart: run it from the load tester, with a webhook of type rollout',
  kayenta: 'has no counterpart',
  wavefront: 'has no counterpart',
  skywalking: 'has no counterpart',
  plugin: 'has no counterpart: plugins are programs of Argo',
  cloudWatch: 'needs a region and its query as text, which Argo keeps elsewhere: write the MetricTemplate by hand'
}

// Types that take a Secret, with the keys that it must have; '' where none is needed.
const SECRETS: Readonly<Record<string, string>> = {
  datadog: 'datadog_api_key and datadog_application_key',
  newRelic: 'newrelic_account_id and newrelic_query_key',
  graphite: '',
  influxdb: 'token and org'
}

function secretName(type: string, value: Readonly<Record<string, unknown>>): string {
  return textAt(value, 'profile') ?? textAt(value, 'secretRef', 'name') ?? type.toLowerCase()
}

interface Asked {
  readonly at: string
  readonly value: Readonly<Record<string, unknown>>
  readonly query: string
}

function prometheus(template: Source, { at, value, query }: Asked, notes: Notes): Provider | undefined {
  const address = textAt(value, 'address')
  if (address === undefined) {
    notes.error(template, `${at}.address`, "is missing: Argo takes its controller's own, a MetricTemplate names it")
    return undefined
  }
  const headers = listAt(value, 'headers').flatMap((header) => {
    const [name, text] = [textAt(header, 'key'), textAt(header, 'value')]
    return name === undefined || text === undefined ? [] : [[name, [text]] as const]
  })
  for (const field of ['authentication', 'rangeQuery', 'timeout']) {
    if (value[field] !== undefined) notes.warn(template, `${at}.${field}`, PROMETHEUS[field] ?? '')
  }
  const spec = {
    type: 'prometheus',
    address: address.replace(/\/+$/, ''),
    headers: headers.length === 0 ? undefined : Object.fromEntries(headers),
    insecureSkipVerify: value['insecure'] === true ? true : undefined
  }
  return { spec: compact(spec), query: query.trim() }
}

const PROMETHEUS: Readonly<Record<string, string>> = {
  authentication: 'credentials go into a Secret (token, or username and password) that provider.secretRef names',
  rangeQuery: 'has no counterpart: it is asked as an instant query',
  timeout: 'has no counterpart: a query may take 5 s'
}
