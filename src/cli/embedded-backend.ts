// The embedded API as this program serves it: what is wrong with Istio rules comes back as kubectl Warnings. Everything else is the
// EmbeddedApi's.

import type { KubeObject } from '../api/object.ts'
import type { EmbeddedApi } from '../kube/embedded-api.ts'
import type { StoreAnswer, StoreRequest } from '../store/store-request.ts'

/** What is added to the API. `warningsFor` is asked after a write of an Istio kind. */
export interface BackendOptions {
  readonly api: EmbeddedApi
  readonly warningsFor: (object: KubeObject) => readonly string[]
  /** Resolves when the data plane obeys the object as written, or after a short time. */
  readonly obeyed: (object: KubeObject) => Promise<void>
}

const LINTED = new Set(['virtualservices', 'destinationrules', 'gateways', 'serviceentries'])

/** Serves server's ApiBackend and the local client. */
export class EmbeddedBackend {
  readonly #options: BackendOptions

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
    const answer = await this.#options.api.submit(request)
    if (!isWrite(request) || answer.kind !== 'object' || !LINTED.has(request.target.resource.resource)) return answer
    // Who is told that the weights have changed can rely on it: the next request obeys them.
    if (request.options.dryRun !== true) await this.#options.obeyed(answer.object)
    return { ...answer, warnings: [...answer.warnings, ...this.#options.warningsFor(answer.object)] }
  }
}

function isWrite(request: StoreRequest): request is Extract<StoreRequest, { readonly verb: 'create' | 'update' | 'patch' }> {
  return request.verb === 'create' || request.verb === 'update' || request.verb === 'patch'
}
