// Creating an object (kubernetes.md 3.5): what the server fills in, and what it refuses.

import type { KubeObject } from '../api/object.ts'
import { alreadyExists, badRequest, failure, invalid, namespaceTerminating, notFound, type Failure } from './failure.ts'
import { isObject } from '../std/json.ts'
import type { Served } from './kind-rules.ts'
import { countsGenerations, decided, drawSuffix, drawUid, isFailure, type Planned, type Planning, warningsOf } from './plan.ts'
import { readBody } from './read-body.ts'
import type { FieldValidation } from './store-request.ts'

/** What creating looks up. */
export interface CreateInput {
  readonly namespace: string
  readonly body: unknown
  readonly fieldValidation: FieldValidation | undefined
  /** The Namespace object a namespaced object goes into, with its KindSpec's answer for absence. */
  readonly home: KubeObject | undefined
  readonly missingHome: Failure
  readonly exists: (name: string) => boolean
}

/** The object to add, with uid, times, generation, defaults; or the failure. */
export function planCreate(input: CreateInput, planning: Planning): Planned {
  const { served, rules } = planning
  const read = readBody(withoutStatus(input.body, served), served, input.fieldValidation, rules)
  if (read.kind === 'failure') return read
  const refused = refuse(read.object, input, planning)
  if (refused !== undefined) return refused
  const { metadata } = read.object
  const { generateName } = metadata
  const name = metadata.name ?? (generateName === undefined ? '' : freeName(generateName, input.exists, planning))
  if (name === '') {
    const message = 'Required value: name or generateName is required'
    return invalid(served.spec, '', [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }])
  }
  const object = rules.prepare(born(read.object, { ...input, name }, planning), undefined, { served, now: planning.now })
  const causes = rules.validate(object, undefined, served)
  if (causes.length > 0) return invalid(served.spec, name, causes)
  const complete = decided(object, {}, planning)
  if (isFailure(complete)) return complete
  if (input.exists(name)) return alreadyExists(served.spec, name)
  return { kind: 'plan', effect: 'added', object: complete, warnings: [...read.warnings, ...warningsOf(complete, planning)] }
}

/** The object with what only the server gives. */
function born(object: KubeObject, at: { readonly name: string; readonly namespace: string }, planning: Planning): KubeObject {
  const { deletionTimestamp: _1, deletionGracePeriodSeconds: _2, generation: _3, ...kept } = object.metadata
  return {
    ...object,
    metadata: {
      ...kept,
      name: at.name,
      ...(planning.served.spec.scope === 'Namespaced' && { namespace: at.namespace }),
      uid: drawUid(planning.draw),
      creationTimestamp: planning.rules.time(planning.now),
      ...(countsGenerations(planning.served) && { generation: 1 })
    }
  }
}

/** A kind whose status is written apart begins with none, or with the empty one that Go writes for it. */
function withoutStatus(body: unknown, served: Served): unknown {
  if (served.spec.status === 'none' || !isObject(body)) return body
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== 'status'))
}

function refuse(object: KubeObject, input: CreateInput, planning: Planning): Failure | undefined {
  const { spec } = planning.served
  const { metadata } = object
  if (spec.scope === 'Namespaced') {
    if (input.namespace === '') return notFound(spec, metadata.name ?? '')
    if (metadata.namespace !== undefined && metadata.namespace !== input.namespace) {
      return badRequest('the namespace of the provided object does not match the namespace sent on the request')
    }
    if (input.home === undefined) return input.missingHome
    if (input.home.metadata.deletionTimestamp !== undefined) return namespaceTerminating(spec, metadata.name ?? '', input.namespace)
  } else if (metadata.namespace !== undefined) {
    return badRequest('namespace is not allowed on cluster-scoped objects')
  }
  if (metadata.resourceVersion !== undefined) {
    return failure({ code: 500, reason: '', message: 'resourceVersion should not be set on objects to be created' })
  }
  return undefined
}

const NAME_TRIES = 8
const NAME_BASE_MAX = 58

function freeName(base: string, exists: (name: string) => boolean, planning: Planning): string {
  let name = ''
  for (let attempt = 0; attempt < NAME_TRIES; attempt++) {
    name = `${base.slice(0, NAME_BASE_MAX)}${drawSuffix(planning.draw)}`
    if (!exists(name)) return name
  }
  return name
}
