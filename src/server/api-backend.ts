// What the API server needs of the store: to ask it, kinds to describe, watches to hand on. Kept narrow so that `kube` satisfies it without
// knowing HTTP; watches time out and are throttled in the server. Pods are reached through kube/pod-access.ts.

import type { KindSpec } from '../api/kind.ts'
import type { WatchAnswer, WatchRequest, WatchStep } from '../kube/embedded-api.ts'
import type { StoreAnswer, StoreRequest } from '../store/store-request.ts'

/** The store behind the API. */
export interface ApiBackend {
  /** Answers once a write is durable. Failures are answers; it rejects only when the world failed. */
  submit(request: StoreRequest): Promise<StoreAnswer>
  watch(request: WatchRequest, emit: (step: WatchStep) => void): WatchAnswer
  /** Every kind served now; the array is replaced, never changed in place, when a CRD comes, changes or goes. */
  kinds(): readonly KindSpec[]
  /** The newest resource version whose changes were emitted to watchers, decimal: what a bookmark may promise. */
  resourceVersion(): string
}

/** The backend, but that `submit` answers. */
export function answeredBy(backend: ApiBackend, submit: ApiBackend['submit']): ApiBackend {
  return {
    kinds: () => backend.kinds(),
    resourceVersion: () => backend.resourceVersion(),
    watch: (...args) => backend.watch(...args),
    submit
  }
}
