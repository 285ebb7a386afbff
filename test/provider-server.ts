// A metric provider for tests: a server on this machine that answers as the provider documents, and what it was asked.

import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { MetricTemplateSpec } from '../src/api/flagger-metric-template.ts'
import { guardedFetch } from '../src/remote/guarded-fetch.ts'
import { MetricProviders } from '../src/remote/metric-providers.ts'
import type { KubeClient } from '../src/kube/kube-client.ts'
import type { ProviderReading, ProviderWorld } from '../src/remote/provider-call.ts'
import { VirtualClock } from '../src/std/clock.ts'

/** A request as the provider saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** What the provider answers: a status with JSON, or with text as it stands; silence: nothing. */
export type Answer = { readonly status?: number; readonly json?: unknown; readonly text?: string } | 'silence'

/** A running provider. */
export interface ProviderServer {
  readonly address: string
  readonly seen: readonly SeenRequest[]
}

/** The time in the tests of providers. */
export const NOW: number = Date.UTC(2026, 10, 22, 5, 0, 0)

const never = new AbortController().signal

/** Starts a provider until the end of the test. */
export async function serveProvider(answer: (request: SeenRequest) => Answer): Promise<ProviderServer> {
  const seen: SeenRequest[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://provider')
      const { method = '', headers } = request
      const one: SeenRequest = { method, path: url.pathname, parameters: Object.fromEntries(url.searchParams), headers, body }
      seen.push(one)
      const given = answer(one)
      if (given === 'silence') return
      response.writeHead(given.status ?? 200, { 'content-type': 'application/json' }).end(given.text ?? JSON.stringify(given.json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => server.close().closeAllConnections())
  // A server that listens on a port has such an address.
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

/** Puts one query to a provider. */
export function askProvider(
  spec: MetricTemplateSpec['provider'],
  query: string,
  more: {
    readonly credentials?: Readonly<Record<string, string>>
    readonly interval?: number
    readonly environment?: Readonly<Record<string, string>>
    readonly clock?: VirtualClock
    readonly client?: KubeClient
  } = {}
): Promise<ProviderReading> {
  const { credentials = {}, interval = 60_000, environment = {}, clock = new VirtualClock(NOW), client = noClient() } = more
  const providers = new MetricProviders({ fetch: guardedFetch(), route: () => undefined, clock, client, environment })
  return providers.measure({ provider: { spec, namespace: 'test', credentials }, query, interval }, never)
}

/** What a source of counters calls through, at `NOW`. */
export function providerWorld(): ProviderWorld {
  return { fetch: guardedFetch(), route: () => undefined, clock: new VirtualClock(NOW), client: noClient(), environment: {} }
}

// Most providers are no part of Kubernetes.
function noClient(): KubeClient {
  const refuse = (): never => {
    throw new Error('this provider asks no Kubernetes')
  }
  return { get: refuse, list: refuse, watch: refuse, create: refuse, update: refuse, patch: refuse, delete: refuse }
}
