// The API as kubectl sees it: who changes the routes of a rollout is told at once, in a Warning, that they are put right, and what to do
// instead. A rollout's own writes go past it.

import type { KubeObject, ResourceRef } from '../api/object.ts'
import { driftAdvice, driftOf, fieldsText } from '../rollout/drift.ts'
import { refusalsOf } from '../canary/notices.ts'
import { planOf } from '../canary/plan.ts'
import { readState } from '../rollout/state.ts'
import { RESOURCES } from '../objects/write.ts'
import { answeredBy, type ApiBackend } from '../server/api-backend.ts'
import type { StoreAnswer, StoreRequest } from '../store/store-request.ts'

/** A backend whose answers to writes of a rollout's VirtualService say what becomes of them. */
export function routesWarned(backend: ApiBackend): ApiBackend {
  return answeredBy(backend, async (request) => {
    // Afterwards nothing says whose it was.
    const before = request.verb === 'delete' && isRoutes(request) ? await find(backend, RESOURCES.virtualServices, request) : undefined
    const answer = await backend.submit(request)
    const warning = isRoutes(request) ? await warningFor(backend, { request, answer, before }) : undefined
    return warning === undefined || !('warnings' in answer) ? answer : { ...answer, warnings: [...answer.warnings, warning] }
  })
}

interface Written {
  readonly request: StoreRequest
  readonly answer: StoreAnswer
  readonly before: KubeObject | undefined
}

async function warningFor(backend: ApiBackend, { request, answer, before }: Written): Promise<string | undefined> {
  const live = before ?? (answer.kind === 'object' ? answer.object : undefined)
  if (live === undefined || answer.kind === 'failure') return undefined
  const canary = await leaderOf(backend, live)
  if (canary === undefined) return undefined
  const plan = planOf(canary)
  if (request.verb === 'delete') return `canary ${plan.name} makes this VirtualService again: delete the Canary to be rid of it`
  const drift = driftOf({ canary, plan, state: readState(canary['status']), live })
  if (drift === undefined || drift.whose === 'ours') return undefined
  return `canary ${plan.name} leads the requests of this VirtualService and puts right: ${fieldsText(drift)}; ${driftAdvice(drift)}`
}

// The Canary that writes these routes: its owner, else the one of its name.
async function leaderOf(backend: ApiBackend, { metadata }: KubeObject): Promise<KubeObject | undefined> {
  const { namespace = '', name = '', ownerReferences = [] } = metadata
  const owner = ownerReferences.find(({ kind, apiVersion }) => kind === 'Canary' && apiVersion.startsWith('flagger.app/'))
  const target = { resource: RESOURCES.canaries, namespace }
  const canary = await find(backend, RESOURCES.canaries, { target, name: owner?.name ?? name })
  if (canary === undefined || canary.metadata.deletionTimestamp !== undefined) return undefined
  const { apex, suspended, provider } = planOf(canary)
  const acts = apex === name && provider === 'istio' && !suspended && refusalsOf(canary['spec']).length === 0
  return acts ? canary : undefined
}

function isRoutes(request: StoreRequest): boolean {
  const { group, resource } = request.target.resource
  const { virtualServices } = RESOURCES
  if (group !== virtualServices.group || resource !== virtualServices.resource) return false
  switch (request.verb) {
    case 'update':
    case 'patch':
      return request.subresource === undefined
    case 'create':
    case 'delete':
      return true
    case 'get':
    case 'list':
    case 'deletecollection':
      return false
  }
}

async function find(
  backend: ApiBackend,
  resource: ResourceRef,
  { target, name }: Pick<Extract<StoreRequest, { readonly verb: 'get' }>, 'target' | 'name'>
): Promise<KubeObject | undefined> {
  const answer = await backend.submit({ verb: 'get', target: { ...target, resource }, name })
  return answer.kind === 'object' ? answer.object : undefined
}
