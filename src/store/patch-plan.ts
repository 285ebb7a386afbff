// Patching an object (kubernetes.md 3.10): the patch is applied to what is stored, and the result goes the way of a replacement.

import type { KubeObject } from '../api/object.ts'
import { dig, isObject } from '../std/json.ts'
import { badRequest, failure, rejectedPatch, unsupportedPatch, type Failure } from './failure.ts'
import { goText, notDecoded } from './go-text.ts'
import { applyJsonPatch } from './json-patch.ts'
import type { Served } from './kind-rules.ts'
import { applyMergePatch } from './merge-patch.ts'
import type { PatchOutcome } from './patch-outcome.ts'
import type { Planned, Planning } from './plan.ts'
import { refuseReplicas, scaleOf, withReplicas } from './scale.ts'
import type { StoreRequest } from './store-request.ts'
import { applyStrategicMergePatch } from './strategic-merge-patch.ts'
import { planUpdate } from './update-plan.ts'

type Patch = Extract<StoreRequest, { readonly verb: 'patch' }>

/** The object as patched: strategic merge patches are for built-in kinds alone (415). `old` is in the version asked for. */
export function planPatch(request: Patch, old: KubeObject, planning: Planning): Planned {
  const { spec } = planning.served
  if (request.patchType === 'strategic' && spec.origin === 'custom') return unsupportedPatch()
  const scale = request.subresource === 'scale' ? spec.scale : undefined
  const before = scale === undefined ? old : scaleOf(old, scale)
  const outcome = patched(before, request, scale === undefined ? planning.served : undefined)
  if (outcome.kind === 'failed') return refusal(outcome, request)
  const { value } = outcome
  if (!isObject(value)) return badRequest('the patched document is not a JSON object')
  const refused = scale === undefined ? undefined : refuseReplicas(request.name, replicasOf(value), patchText(request, value))
  if (refused !== undefined) return refused
  const body = scale === undefined ? value : rescaled(old, value, scale)
  const subresource = request.subresource === 'status' ? 'status' : undefined
  const { fieldValidation } = request.options
  return planUpdate({ old, body, subresource, fieldValidation, verb: 'patch', patch: patchText(request, value) }, planning)
}

// A strategic merge patch is repeated as it came; of the others, what they made.
function patchText({ patchType, body }: Patch, made: unknown): string {
  return patchType === 'strategic' ? goText(body) : JSON.stringify(made)
}

function patched(before: KubeObject, request: Patch, served: Served | undefined): PatchOutcome {
  switch (request.patchType) {
    case 'json':
      return applyJsonPatch(before, request.body)
    case 'merge':
      if (!isObject(request.body))
        return { kind: 'failed', fault: 'malformed', message: notDecoded(request.body, 'map[string]interface {}') }
      return { kind: 'patched', value: applyMergePatch(before, request.body) }
    case 'strategic':
      return applyStrategicMergePatch(before, request.body, served?.version.schema)
  }
}

function refusal(outcome: Extract<PatchOutcome, { readonly kind: 'failed' }>, request: Patch): Failure {
  if (outcome.fault === 'rejected' || (outcome.fault === 'unfit' && request.patchType !== 'strategic')) return rejectedPatch()
  // Real API servers answer 500 here, without a reason.
  if (outcome.fault === 'unfit') return failure({ code: 500, reason: '', message: outcome.message })
  return badRequest(request.patchType === 'strategic' ? outcome.message : `error decoding patch: ${outcome.message}`)
}

function replicasOf(scale: Record<string, unknown>): unknown {
  return dig(scale, 'spec', 'replicas') ?? 0
}

function rescaled(old: KubeObject, scale: Record<string, unknown>, spec: Parameters<typeof withReplicas>[1]): KubeObject {
  const object = withReplicas(old, spec, replicasOf(scale))
  const version = dig(scale, 'metadata', 'resourceVersion')
  return typeof version === 'string' ? { ...object, metadata: { ...object.metadata, resourceVersion: version } } : object
}
