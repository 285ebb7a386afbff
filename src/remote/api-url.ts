// Paths and queries of a Kubernetes API.

import type { ResourceRef } from '../api/object.ts'
import { ApiError } from '../kube/kube-client.ts'

/** Parameters of a request; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>

/** The path of a collection, or of `name` in it. Throws ApiError for names that would lead elsewhere. */
export function pathOf(
  { group, version, resource, namespace }: ResourceRef & { readonly namespace?: string },
  name?: string,
  subresource?: string
): string {
  const words = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespace === undefined ? [] : ['namespaces', segment(namespace, 'namespace')]),
    resource,
    ...(name === undefined ? [] : [segment(name, 'name')]),
    ...(subresource === undefined ? [] : [subresource])
  ]
  return `/${words.join('/')}`
}

/** `?a=b&c=d`, or nothing. */
export function queryText(query: Query): string {
  const words = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== '') words.set(key, String(value))
  const text = words.toString()
  return text === '' ? '' : `?${text}`
}

// An empty name would address the whole collection, and "..", a slash or a percent sign something else altogether.
function segment(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%]/.test(text)) {
    throw new ApiError(400, 'BadRequest', `${JSON.stringify(text)} cannot be the ${what} of an object`)
  }
  return encodeURIComponent(text)
}
