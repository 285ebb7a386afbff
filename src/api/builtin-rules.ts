// The built-in kinds' own rules beyond their schemas: what is taken over on an update, what is refused, and what is
// taken with a warning. Objects of other kinds pass unchanged.

import { dig, isObject, sameJson } from '../std/json.ts'
import { builtinMessage } from './builtin-messages.ts'
import { prepareService } from './builtin-service.ts'
import { validateBuiltin } from './builtin-validate.ts'
import type { Cause } from './cause.ts'
import type { KubeObject } from './object.ts'

/** What the server itself does to an object before it is judged; `old` is the stored object of an update. */
export function prepareKind(object: KubeObject, old: KubeObject | undefined): KubeObject {
  switch (builtinMessage(object.apiVersion, object.kind)) {
    case 'Service':
      return prepareService(object, old)
    case 'DaemonSet':
      return countTemplates(object, old)
    default:
      return object
  }
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

// A DaemonSet carries the number of its template, as it did before it had revisions.
function countTemplates(object: KubeObject, old: KubeObject | undefined): KubeObject {
  const { metadata } = object
  const before = Number(old?.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0)
  const same = old !== undefined && sameJson(dig(old, 'spec', 'template'), dig(object, 'spec', 'template'))
  const annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(same ? Math.max(1, before) : before + 1) }
  return { ...object, metadata: { ...metadata, annotations } }
}

/** The faults of a built-in object beyond its schema; `old` is the stored object of an update. */
export function validateKind(object: KubeObject, old: KubeObject | undefined): readonly Cause[] {
  const message = builtinMessage(object.apiVersion, object.kind)
  return message === undefined ? [] : validateBuiltin(message, object, old)
}

/** What a client is told about a built-in object that is taken. */
export function warningsOf(object: KubeObject): readonly string[] {
  if (builtinMessage(object.apiVersion, object.kind) !== 'Service') return []
  const { externalName, type } = isObject(object['spec']) ? object['spec'] : {}
  const idle = typeof externalName === 'string' && externalName !== '' && type !== 'ExternalName'
  return idle ? ['spec.externalName is ignored when spec.type is not "ExternalName"'] : []
}
