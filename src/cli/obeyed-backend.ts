// The API as kubectl sees it: who is told that the weights have changed can rely on it, since the answer to a write of Istio's rules comes
// when the data plane obeys them. Writes of our own controllers go past it.

import type { KubeObject } from '../api/object.ts'
import { answeredBy, type ApiBackend } from '../server/api-backend.ts'
import type { StoreRequest } from '../store/store-request.ts'

const OBEYED = new Set([
  'virtualservices',
  'destinationrules',
  'gateways',
  'serviceentries',
  'workloadentries',
  'sidecars',
  'envoyfilters',
  'requestauthentications'
])

/** A backend that waits for `obeys`, which must end soon whatever the data plane does. */
export function obeyedBackend(backend: ApiBackend, obeys: (object: KubeObject) => Promise<void>): ApiBackend {
  return answeredBy(backend, async (request) => {
    const answer = await backend.submit(request)
    if (answer.kind === 'object' && changesRules(request)) await obeys(answer.object)
    return answer
  })
}

function changesRules(request: StoreRequest): boolean {
  const { group, resource } = request.target.resource
  if (!group.endsWith('.istio.io') || !OBEYED.has(resource)) return false
  if (request.verb !== 'create' && request.verb !== 'update' && request.verb !== 'patch') return false
  return request.options.dryRun !== true && (request.verb === 'create' || request.subresource === undefined)
}
