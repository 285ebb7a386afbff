// The API as kubectl sees it: each answer to a write also says what is wrong with the object, or what the write broke elsewhere. Writes of
// our own controllers go past it.

import type { KubeObject } from '../api/object.ts'
import type { ProblemObject } from '../route/catalogue.ts'
import { answeredBy, type ApiBackend } from '../server/api-backend.ts'
import type { StoreAnswer, StoreRequest } from '../store/store-request.ts'

/** Who knows what is wrong. */
export interface Warner {
  warningsFor(object: KubeObject): readonly string[]
  warningsWithout(gone: ProblemObject): readonly string[]
}

const LOOKED_AT = new Set(['services', 'deployments', 'pods'])

/** A backend whose answers carry warnings. */
export function warnedBackend(backend: ApiBackend, warner: Warner): ApiBackend {
  return answeredBy(backend, async (request) => {
    const answer = await backend.submit(request)
    const warnings = warningsOf({ backend, warner }, request, answer)
    return warnings.length === 0 || !('warnings' in answer) ? answer : { ...answer, warnings: [...answer.warnings, ...warnings] }
  })
}

interface Sides {
  readonly backend: ApiBackend
  readonly warner: Warner
}

function warningsOf({ backend, warner }: Sides, request: StoreRequest, answer: StoreAnswer): readonly string[] {
  const { resource, group } = request.target.resource
  if (!isLookedAt(group, resource)) return []
  switch (request.verb) {
    case 'create':
      return answer.kind === 'object' ? warner.warningsFor(answer.object) : []
    case 'update':
    case 'patch':
      return answer.kind === 'object' && request.subresource === undefined ? warner.warningsFor(answer.object) : []
    case 'delete':
      return answer.kind === 'deleted' || answer.kind === 'object' ? warner.warningsWithout(targetOf(backend, request)) : []
    case 'get':
    case 'list':
    case 'deletecollection':
      return []
  }
}

function isLookedAt(group: string, resource: string): boolean {
  return group.endsWith('.istio.io') || group === 'flagger.app' || group === 'gateway.networking.k8s.io' || LOOKED_AT.has(resource)
}

function targetOf(backend: ApiBackend, { target, name }: Extract<StoreRequest, { readonly verb: 'delete' }>): ProblemObject {
  const { group, resource } = target.resource
  const kind = backend.kinds().find((spec) => spec.group === group && spec.plural === resource)?.kind ?? ''
  return { kind, namespace: target.namespace ?? '', name }
}
