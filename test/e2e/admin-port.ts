// What the admin port of an instance says of requests that were refused.

import { expect } from 'vitest'
import { readMetrics } from '../prometheus-text.ts'
import type { MetricSample } from '../prometheus-text.ts'
import type { Serin } from './serin.ts'

type Instance = Pick<Serin, 'addresses'>

/** The text at `path`; fails the test when the answer is not 200. */
export async function adminText({ addresses }: Instance, path: string): Promise<string> {
  // A kept connection may be closed by the server while a busy test is about to use it again.
  const answer = await fetch(addresses.admin + path, { headers: { connection: 'close' } })
  expect(answer.status, path).toBe(200)
  return answer.text()
}

/** Everything that watches over an instance asks these: each of them answers 200. */
export async function expectHealthy(serin: Instance): Promise<void> {
  for (const path of ['/healthz', '/readyz', '/metrics', '/stats']) await adminText(serin, path)
}

/** How often a bound of the workers was reached so far. */
export async function limitReached(serin: Instance, limit: string): Promise<number> {
  const samples = await samplesOf(serin, 'serin_mesh_limit_reached_total')
  return samples.find(({ labels }) => labels.get('limit') === limit)?.value ?? -1
}

/** How many requests were answered `status` with `flag` so far. */
export async function flagged(serin: Instance, status: number, flag: string): Promise<number> {
  const wanted = { reporter: 'source', response_code: String(status), response_flags: flag }
  const isWanted = ({ labels }: MetricSample): boolean => Object.entries(wanted).every(([name, value]) => labels.get(name) === value)
  return (await samplesOf(serin, 'istio_requests_total')).filter(isWanted).reduce((sum, { value }) => sum + value, 0)
}

async function samplesOf(serin: Instance, family: string): Promise<readonly MetricSample[]> {
  return readMetrics(await adminText(serin, '/metrics')).find(({ name }) => name === family)?.samples ?? []
}
