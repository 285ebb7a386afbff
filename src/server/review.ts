// Reviews: objects that are asked and never kept. Who is asking, and what may they do: everything for the administrator, whose token is the
// only one there is; nothing for a user that the administrator impersonates, since no rules are served that could allow more.

import type { IncomingHttpHeaders } from 'node:http'
import type { KindSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { formatInstant } from '../std/instant.ts'
import { dig, isObject } from '../std/json.ts'
import { invalid } from '../store/failure.ts'
import type { StoreAnswer } from '../store/store-request.ts'
import { callerOf, isAdministrator } from './access.ts'

/** Whether a kind is answered here. */
export function isReview({ verbs }: KindSpec): boolean {
  return verbs !== undefined && verbs.every((verb) => verb === 'create')
}

/** Answers a review; `body` is of the kind `spec`, as sent. */
export function answerReview(body: unknown, spec: KindSpec, headers: IncomingHttpHeaders, now: number): StoreAnswer {
  const [version] = spec.versions
  const refused = spec.kind === 'SelfSubjectAccessReview' ? refuse(body, spec) : undefined
  if (refused !== undefined || version === undefined) return refused ?? invalid(spec, '', [])
  const asked = dig(body, 'spec')
  const object: KubeObject = {
    kind: spec.kind,
    apiVersion: `${spec.group}/${version.name}`,
    metadata: spec.kind === 'SelfSubjectReview' ? { creationTimestamp: formatInstant(now) } : {},
    ...(isObject(asked) && { spec: asked }),
    status: statusOf(spec.kind, headers)
  }
  return { kind: 'object', code: 201, object, spec, version, warnings: [] }
}

function statusOf(kind: string, headers: IncomingHttpHeaders): Record<string, unknown> {
  const caller = callerOf(headers)
  const all = isAdministrator(caller)
  if (kind === 'SelfSubjectReview') return { userInfo: caller }
  if (kind === 'SelfSubjectAccessReview') return { allowed: all }
  return {
    resourceRules: all ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] : [],
    nonResourceRules: all ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : [],
    incomplete: false
  }
}

function refuse(body: unknown, spec: KindSpec): StoreAnswer | undefined {
  const given = ['resourceAttributes', 'nonResourceAttributes'].filter((field) => isObject(dig(body, 'spec', field)))
  if (given.length === 1) return undefined
  const message = 'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified'
  return invalid(spec, '', [{ reason: 'FieldValueInvalid', message, field: 'spec.resourceAttributes' }])
}
