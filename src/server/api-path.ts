// What a URL path of the Kubernetes API names. Only the shape is read here; whether such a group or resource is served is asked later.

/** A path, taken apart. `unknown` is answered 404 in plain text. */
export type ApiPath =
  | { readonly kind: 'version' }
  | { readonly kind: 'health' }
  | { readonly kind: 'core-versions' }
  | { readonly kind: 'groups' }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'resources'; readonly group: string; readonly version: string }
  | { readonly kind: 'openapi-v2' }
  | { readonly kind: 'openapi-index' }
  | { readonly kind: 'openapi'; readonly group: string; readonly version: string }
  | ResourcePath
  | { readonly kind: 'unknown' }

/** A collection (no name), an object, or a subresource of one. */
export interface ResourcePath {
  readonly kind: 'resource'
  readonly group: string
  readonly version: string
  readonly namespace?: string
  readonly resource: string
  readonly name?: string
  readonly subresource?: string
}

const UNKNOWN: ApiPath = { kind: 'unknown' }
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/** Reads a path without its query. Segments are percent-decoded; one that cannot be decoded, or is empty, makes the path unknown. */
export function parseApiPath(path: string): ApiPath {
  const segments = decodeSegments(path)
  if (segments === undefined) return UNKNOWN
  const [first, second, third] = segments
  switch (first) {
    case 'version':
      return segments.length === 1 ? { kind: 'version' } : UNKNOWN
    case 'healthz':
    case 'livez':
    case 'readyz':
      return segments.length === 1 ? { kind: 'health' } : UNKNOWN
    case 'openapi':
      if (second === 'v2' && segments.length === 2) return { kind: 'openapi-v2' }
      return second === 'v3' ? openapiPath(segments.slice(2)) : UNKNOWN
    case 'api':
      if (second === undefined) return { kind: 'core-versions' }
      return third === undefined ? { kind: 'resources', group: '', version: second } : resourcePath('', second, segments.slice(2))
    case 'apis':
      return groupPath(segments.slice(1))
    default:
      return UNKNOWN
  }
}

function decodeSegments(path: string): string[] | undefined {
  const raw = path.replace(/^\//, '').replace(/\/$/, '').split('/')
  try {
    const segments = raw.map(decodeURIComponent)
    return segments.some((segment) => segment === '') ? undefined : segments
  } catch {
    return undefined
  }
}

function openapiPath(segments: readonly string[]): ApiPath {
  const [first, second, third] = segments
  if (first === undefined) return { kind: 'openapi-index' }
  if (first === 'api' && second !== undefined && segments.length === 2) return { kind: 'openapi', group: '', version: second }
  if (first === 'apis' && second !== undefined && third !== undefined && segments.length === 3) {
    return { kind: 'openapi', group: second, version: third }
  }
  return UNKNOWN
}

function groupPath(segments: readonly string[]): ApiPath {
  const [group, version, ...rest] = segments
  if (group === undefined) return { kind: 'groups' }
  if (version === undefined) return { kind: 'group', group }
  return rest.length === 0 ? { kind: 'resources', group, version } : resourcePath(group, version, rest)
}

function resourcePath(group: string, version: string, rest: readonly string[]): ApiPath {
  const [first, second, third] = rest
  const inNamespace = first === 'namespaces' && second !== undefined && third !== undefined
  if (inNamespace && !(rest.length === 3 && group === '' && NAMESPACE_SUBRESOURCES.has(third))) {
    return objectPath({ group, version, namespace: second }, rest.slice(2))
  }
  return objectPath({ group, version }, rest)
}

function objectPath(
  place: { readonly group: string; readonly version: string; readonly namespace?: string },
  rest: readonly string[]
): ApiPath {
  const [resource, name, subresource] = rest
  if (resource === undefined || rest.length > 3) return UNKNOWN
  return {
    kind: 'resource',
    ...place,
    resource,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource })
  }
}
