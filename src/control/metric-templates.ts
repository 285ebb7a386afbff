// Reads the MetricTemplate that a check refers to, and its Secret, into a query to put. Nothing is kept: both may change between two looks.

import type { KubeObject } from '../api/object.ts'
import type { MetricTemplateSpec } from '../api/flagger-metric-template.ts'
import { ApiError, type KubeClient } from '../kube/kube-client.ts'
import type { MetricCheck } from '../canary/metric-checks.ts'
import { dig, isObject } from '../std/json.ts'
import type { QueryProvider } from './query-source.ts'

/** A template with its provider; or why it cannot be had: for now, or until somebody changes it. */
export type Found =
  | { readonly kind: 'found'; readonly provider: QueryProvider; readonly query: string }
  | { readonly kind: 'down' | 'misconfigured'; readonly because: string }

type TemplateCheck = Extract<MetricCheck, { readonly kind: 'template' }>

const TEMPLATES = { group: 'flagger.app', version: 'v1beta1', resource: 'metrictemplates' }
const SECRETS = { group: '', version: 'v1', resource: 'secrets' }

/** What is told in place of a reference across namespaces, where those are refused (Flagger's no-cross-namespace-refs). */
export function refusedReference({ template }: Pick<TemplateCheck, 'template'>): string {
  return `templateRef ${template.name} is in namespace ${template.namespace}: references to other namespaces are refused (no-cross-namespace-refs)`
}

/** The template of `check`. Rejects with the signal's reason. */
export async function findTemplate(client: KubeClient, { template }: Pick<TemplateCheck, 'template'>, signal: AbortSignal): Promise<Found> {
  const { name, namespace } = template
  const named = `metric template ${name}.${namespace}`
  try {
    const object = await client.get({ ...TEMPLATES, namespace, name }, { signal })
    if (object === undefined) return { kind: 'misconfigured', because: `${named} not found` }
    const spec = specOf(object)
    if (spec === undefined) return { kind: 'misconfigured', because: `${named} has no spec.provider.type or no spec.query` }
    const secretName = spec.provider.secretRef?.name
    const secret = secretName === undefined ? undefined : await client.get({ ...SECRETS, namespace, name: secretName }, { signal })
    if (secretName !== undefined && secret === undefined) {
      return { kind: 'misconfigured', because: `secret ${secretName}.${namespace} of ${named} not found` }
    }
    return { kind: 'found', query: spec.query, provider: { spec: spec.provider, namespace, credentials: entriesOf(secret) } }
  } catch (error) {
    if (error instanceof ApiError) return { kind: 'down', because: `${named} could not be read: ${error.message}` }
    throw error
  }
}

// The API holds templates to the schema; only what is needed is looked at.
function specOf(object: KubeObject): MetricTemplateSpec | undefined {
  const spec = object['spec']
  const isWhole = typeof dig(spec, 'provider', 'type') === 'string' && typeof dig(spec, 'query') === 'string'
  return isWhole ? (spec as MetricTemplateSpec) : undefined
}

function entriesOf(secret: KubeObject | undefined): Readonly<Record<string, string>> {
  const data = secret?.['data']
  if (!isObject(data)) return {}
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, decoded(String(value))]))
}

// Keys are pasted with a line's end as often as not; none has spaces at its ends.
function decoded(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))).trim()
}
