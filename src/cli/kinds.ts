// Every kind the embedded API serves from the start, and the rules for their content.

import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { crdKind } from '../api/crd-kind.ts'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import { ISTIO_KINDS } from '../api/istio-kinds.ts'
import type { KindSpec } from '../api/kind.ts'
import { SERIN_KINDS } from '../api/serin-kinds.ts'
import { apiRules } from '../store/api-rules.ts'
import type { KindRules } from '../store/kind-rules.ts'
import { allocateService } from '../workload/allocate-service.ts'

/** Kinds served before any definition is applied. */
export const KINDS: readonly KindSpec[] = [...BUILTIN_KINDS, crdKind, ...ISTIO_KINDS, ...FLAGGER_KINDS, ...SERIN_KINDS]

/** How their objects are read, filled in and checked. `servicePrefix`: first two parts of Service addresses, e.g. `127.96`. */
export function rulesFor(servicePrefix: string): KindRules {
  return apiRules({
    allocate: (object, old, { served, all, draw }) =>
      served.spec.group === '' && served.spec.plural === 'services'
        ? allocateService({ service: object, old, all }, servicePrefix, draw)
        : { kind: 'allocated', object }
  })
}
