// Metrics from New Relic: the Insights query API (GET /v1/accounts/ID/query) with NRQL over the check's window.

import { isObject, listAt } from '../std/json.ts'
import { callForJson, numberOf, type ProviderQuery, type ProviderReading, type ProviderWorld } from './provider-call.ts'
import { approach } from './provider-points.ts'

const ADDRESS = 'https://insights-api.newrelic.com'

/** Asks New Relic; the query has to have one result, which is a number. */
export async function askNewRelic(asked: ProviderQuery, world: ProviderWorld, signal: AbortSignal): Promise<ProviderReading> {
  const { address = ADDRESS } = asked.provider.spec
  const to = approach(asked, world, ['newrelic_account_id', 'newrelic_query_key'], ({ newrelic_account_id: account }) => ({
    address,
    path: `/v1/accounts/${encodeURIComponent(account)}/query`,
    parameters: { nrql: nrqlOf(asked) }
  }))
  if (to.kind !== 'there') return to
  const answer = await callForJson(asked, world, { url: to.url, headers: { 'x-query-key': to.keys.newrelic_query_key } }, signal)
  if (answer.kind !== 'json') return answer
  const results = listAt(answer.value, 'results')
  if (results.length > 1) return { kind: 'misconfigured', because: `its query gives ${results.length} results: it has to give one` }
  return readingOf(results[0])
}

// A window of the query's own stands.
function nrqlOf({ query, interval }: ProviderQuery): string {
  const nrql = query.trim()
  return /\bsince\b/i.test(nrql) ? nrql : `${nrql} SINCE ${Math.round(interval / 1000)} seconds ago`
}

// Calculations come as `result`; single functions under a name of their own, which Flagger does not find.
function readingOf(result: unknown): ProviderReading {
  if (!isObject(result)) return { kind: 'no-data' }
  const numbers = Object.values(result).flatMap((value) => numberOf(value) ?? [])
  const value = numberOf(result['result']) ?? (numbers.length === 1 ? numbers[0] : undefined)
  return value === undefined ? { kind: 'no-data' } : { kind: 'value', value }
}
