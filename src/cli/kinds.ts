// Every kind the embedded API serves from the start, and the rules for their content.

import { BUILTIN_KINDS } from '../api/builtin-kinds.ts'
import { prepareKind, validateKind } from '../api/builtin-rules.ts'
import { crdKind } from '../api/crd-kind.ts'
import { FLAGGER_KINDS } from '../api/flagger-kinds.ts'
import { ISTIO_KINDS } from '../api/istio-kinds.ts'
import type { KindSpec } from '../api/kind.ts'
import { apiRules } from '../store/api-rules.ts'
import type { KindRules } from '../store/kind-rules.ts'

/** Kinds served before any definition is applied. */
export const KINDS: readonly KindSpec[] = [...BUILTIN_KINDS, crdKind, ...ISTIO_KINDS, ...FLAGGER_KINDS]

/** How their objects are read, filled in and checked. */
export const RULES: KindRules = apiRules({ validate: validateKind, prepare: prepareKind })
