// The embedded API as this program serves it: Services get an address of the slot, and what is wrong with Istio rules comes back as
// kubectl Warnings. Everything else is the EmbeddedApi's.

import type { KubeObject } from '../api/object.ts'
import type { EmbeddedApi } from '../kube/embedded-api.ts'
import { dig, isObject } from '../std/json.ts'
import type { StoreAnswer, StoreRequest } from '../store/store-request.ts'
import { allocateAddress } from '../workload/allocate-address.ts'

/** What is added to the API. `warningsFor` is asked after a write of an Istio kind. */
export interface BackendOptions {
  readonly api: EmbeddedApi
  /** First two parts of Service addresses, e.g. `127.96`. */
  readonly servicePrefix: string
  readonly warningsFor: (object: KubeObject) => readonly string[]
}

const LINTED = new Set(['virtualservices', 'destinationrules', 'gateways', 'serviceentries'])

/** Serves server's ApiBackend and the local client. Owns the addresses given to Services whose creation is under way. */
export class EmbeddedBackend {
  readonly #options: BackendOptions
  readonly #pending = new Set<string>()
  #last: string | undefined

  constructor(options: BackendOptions) {
    this.#options = options
  }

  kinds(): ReturnType<EmbeddedApi['kinds']> {
    return this.#options.api.kinds()
  }

  resourceVersion(): string {
    return this.#options.api.resourceVersion()
  }

  watch(...args: Parameters<EmbeddedApi['watch']>): ReturnType<EmbeddedApi['watch']> {
    return this.#options.api.watch(...args)
  }

  async submit(request: StoreRequest): Promise<StoreAnswer> {
    if (request.verb === 'create' && isCore(request, 'services')) return this.#createService(request)
    const answer = await this.#options.api.submit(request)
    if (!isWrite(request) || answer.kind !== 'object' || !LINTED.has(request.target.resource.resource)) return answer
    return { ...answer, warnings: [...answer.warnings, ...this.#options.warningsFor(answer.object)] }
  }

  async #createService(request: Extract<StoreRequest, { readonly verb: 'create' }>): Promise<StoreAnswer> {
    if (!wantsAddress(request.body)) return this.#options.api.submit(request)
    const address = await this.#freeAddress()
    if (address === undefined) {
      return {
        kind: 'failure',
        status: { code: 500, reason: 'InternalError', message: 'Internal error occurred: no Service address is left' }
      }
    }
    this.#pending.add(address)
    try {
      return await this.#options.api.submit({ ...request, body: withAddress(request.body, address) })
    } finally {
      this.#pending.delete(address)
    }
  }

  async #freeAddress(): Promise<string | undefined> {
    const target = { resource: { group: '', version: 'v1', resource: 'services' } }
    const list = await this.#options.api.submit({ verb: 'list', target })
    const used = list.kind === 'list' ? list.items.map((service) => dig(service, 'spec', 'clusterIP')) : []
    const taken = new Set([...used.filter((address) => typeof address === 'string'), ...this.#pending])
    this.#last = allocateAddress(this.#options.servicePrefix, taken, this.#last)
    return this.#last
  }
}

function isCore(request: StoreRequest, resource: string): boolean {
  return request.target.resource.group === '' && request.target.resource.resource === resource
}

function isWrite(request: StoreRequest): boolean {
  return request.verb === 'create' || request.verb === 'update' || request.verb === 'patch'
}

function wantsAddress(body: unknown): body is Record<string, unknown> {
  if (!isObject(body) || !isObject(body['spec'])) return false
  const { clusterIP, type } = body['spec']
  return type !== 'ExternalName' && (clusterIP === undefined || clusterIP === '')
}

function withAddress(body: Record<string, unknown>, address: string): unknown {
  const spec = isObject(body['spec']) ? body['spec'] : {}
  return { ...body, spec: { ...spec, clusterIP: address, clusterIPs: [address] } }
}
