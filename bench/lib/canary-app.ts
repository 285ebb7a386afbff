// An application with a Canary on a running instance: its releases, its phase, and requests to it.

import type { Serin } from '../../test/e2e/serin.ts'
import { deployment } from '../../test/e2e/workloads.ts'
import { type Call, apiOf } from './api.ts'
import { type SteadyPlan, type SteadyReport, steady } from './steady.ts'

const CANARIES = '/apis/flagger.app/v1beta1/namespaces/default/canaries'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const PATIENCE_MS = 60_000
const LOOK_MS = 20

/** What of a Canary's status benches ask. */
export interface CanaryStatus {
  readonly phase?: string
  readonly canaryWeight?: number
  readonly conditions?: readonly { readonly reason?: string; readonly message?: string }[]
}

/** Owns nothing but its name: what runs belongs to the instance. */
export class CanaryApp {
  readonly name: string
  readonly #serin: Serin
  readonly #call: Call
  /** The newest version that was released; the first is 0. */
  #version = 0

  constructor(name: string, serin: Serin, call: Call = apiOf(serin)) {
    this.name = name
    this.#serin = serin
    this.#call = call
  }

  get version(): number {
    return this.#version
  }

  /** Makes the Deployment at version 0 and its Canary with this analysis. */
  async create(analysis: object, environment: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#call('POST', DEPLOYMENTS, this.#deployment(0, environment))
    await this.#call('POST', CANARIES, {
      apiVersion: 'flagger.app/v1beta1',
      kind: 'Canary',
      metadata: { name: this.name },
      spec: {
        targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${this.name}-v1` },
        service: { name: this.name, port: 80, targetPort: 8080 },
        analysis
      }
    })
  }

  /** Another image in the target; version 0 is what the primary runs first. */
  async release(version: number, environment: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#version = Math.max(this.#version, version)
    const { containers } = templateOf(this.#deployment(version, environment))
    await this.#call('PATCH', `${DEPLOYMENTS}/${this.name}-v1`, { spec: { template: { spec: { containers } } } })
  }

  annotate(annotation: string, value: string | null): Promise<unknown> {
    return this.#call('PATCH', `${CANARIES}/${this.name}`, { metadata: { annotations: { [annotation]: value } } })
  }

  async status(): Promise<CanaryStatus> {
    const { body } = await this.#call('GET', `${CANARIES}/${this.name}`)
    // A Canary, as the API has it.
    return (body as { readonly status?: CanaryStatus }).status ?? {}
  }

  /** Resolves with the phase when it is one of these. */
  async untilPhase(phases: readonly string[], patience = PATIENCE_MS): Promise<string> {
    let phase = ''
    const isThere = async (): Promise<boolean> => {
      phase = (await this.status()).phase ?? ''
      return phases.includes(phase)
    }
    await until(`${this.name} is ${phases.join(' or ')}`, isThere, patience)
    return phase
  }

  /** An open loop of requests through the mesh, until the signal. */
  load(rate: number, connections: number, rest: Pick<SteadyPlan, 'signal' | 'onAnswer'>): Promise<SteadyReport> {
    const port = Number(new URL(this.#serin.addresses.mesh).port)
    const request = `GET http://${this.name}/ HTTP/1.1\r\nHost: ${this.name}\r\n\r\n`
    return steady({ port, request, rate, connections, ...rest })
  }

  #deployment(version: number, environment: Readonly<Record<string, string>>): object {
    return deployment({ app: this.name, version: 'v1', image: `serin/demo:v${version}`, environment })
  }
}

/** The version that answered. */
export const versionIn = (body: string): string => /\bv\d+\b/.exec(body)?.[0] ?? ''

/** Looks until it holds. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, patience = PATIENCE_MS): Promise<void> {
  const end = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${patience} ms`)
    await rest(LOOK_MS)
  }
}

export const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const templateOf = (object: object): { readonly containers: unknown } =>
  // What deployment() makes.
  (object as { readonly spec: { readonly template: { readonly spec: { readonly containers: unknown } } } }).spec.template.spec
