// Which objects a list or watch is about: namespace, label selector and field selector (kubernetes.md 3.8).

import type { KindSpec } from '../api/kind.ts'
import type { KubeObject } from '../api/object.ts'
import { dig } from '../std/json.ts'
import { badRequest, type Failure } from './failure.ts'
import type { KindRules } from './kind-rules.ts'

/** Tells whether an object is meant. */
export type Selection = (object: KubeObject) => boolean

/** What selects. */
export interface Selecting {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** The selection of `by`, or a 400 in Kubernetes' words. Absent and '' select everything. */
export function compileSelection(by: Selecting, spec: KindSpec, rules: Pick<KindRules, 'labelSelector'>): Selection | Failure {
  const labels = rules.labelSelector(by.labelSelector ?? '')
  if (typeof labels === 'string') return badRequest(labels)
  const fields = compileFields(by.fieldSelector ?? '', spec)
  if (typeof fields !== 'function') return fields
  const namespace = by.namespace ?? ''
  return (object) => (namespace === '' || object.metadata.namespace === namespace) && labels(object.metadata.labels ?? {}) && fields(object)
}

function compileFields(text: string, spec: KindSpec): Selection | Failure {
  if (text === '') return () => true
  const terms: { readonly keys: readonly string[]; readonly equal: boolean; readonly value: string }[] = []
  for (const term of text.split(/(?<!\\),/)) {
    if (term === '') continue
    const found = /^(.*?)(==|!=|=)(.*)$/.exec(term)
    if (found === null) return badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, path = '', operator = '', value = ''] = found
    if (path !== 'metadata.name' && path !== 'metadata.namespace' && !spec.selectableFields.includes(path)) {
      return badRequest(unknownField(path, spec))
    }
    terms.push({ keys: path.split('.'), equal: operator !== '!=', value: value.replaceAll(/\\([,=\\])/g, '$1') })
  }
  return (object) => terms.every((term) => (asText(dig(object, ...term.keys)) === term.value) === term.equal)
}

// Built-in kinds without fields of their own answer with those that all have.
function unknownField(path: string, spec: KindSpec): string {
  const plain = spec.origin === 'built-in' && (spec.selectableFields.length === 0 || spec.plural === 'replicasets')
  return plain
    ? `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${path}`
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
