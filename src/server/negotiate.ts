// Which representation of an answer the client asked for (Accept), and in which aggregated discovery version.

/** How objects are printed. Tables and partial metadata come in the two versions of meta.k8s.io. */
export type Representation =
  | { readonly kind: 'object' }
  | { readonly kind: 'table'; readonly version: 'v1' | 'v1beta1' }
  | { readonly kind: 'metadata'; readonly version: 'v1' | 'v1beta1' }

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** The first acceptable entry of an Accept header; undefined when none can be served (406). No header accepts everything. */
export function chooseRepresentation(accept: string | undefined): Representation | undefined {
  for (const range of mediaRanges(accept)) {
    const version = range.parameters.get('v')
    const shape = range.parameters.get('as')
    if (!isJson(range.type)) continue
    if (shape === undefined) return { kind: 'object' }
    if (version !== 'v1' && version !== 'v1beta1') continue
    if (range.parameters.get('g') !== 'meta.k8s.io') continue
    if (shape === 'Table') return { kind: 'table', version }
    if (shape === 'PartialObjectMetadata' || shape === 'PartialObjectMetadataList') return { kind: 'metadata', version }
  }
  return undefined
}

/** The aggregated discovery version asked for first, 'legacy' for plain JSON. kubectl 1.27 to 1.29 know only v2beta1. */
export function chooseDiscovery(accept: string | undefined): 'v2' | 'v2beta1' | 'legacy' {
  for (const range of mediaRanges(accept)) {
    const version = range.parameters.get('v')
    if (!isJson(range.type)) continue
    if (range.parameters.get('as') !== 'APIGroupDiscoveryList') return 'legacy'
    if (version === 'v2' || version === 'v2beta1') return version
  }
  return 'legacy'
}

// Clients ask with an `@`, which Go's own parser of media types refuses in an answer.
const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const OPENAPI_V2_ASKED = new Set([OPENAPI_V2_PROTOBUF, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'])

/** The form of the OpenAPI v2 document asked for first, as the answer names it; undefined when it is neither of the two. */
export function chooseOpenApiV2(accept: string | undefined): typeof OPENAPI_V2_PROTOBUF | 'application/json' | undefined {
  for (const { type } of mediaRanges(accept)) {
    if (OPENAPI_V2_ASKED.has(type)) return OPENAPI_V2_PROTOBUF
    if (isJson(type)) return 'application/json'
  }
  return undefined
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === '*/*' || type === 'application/*'
}

function mediaRanges(header: string | undefined): MediaRange[] {
  return (header === undefined || header.trim() === '' ? '*/*' : header).split(',').map(mediaRange)
}

/** A media type and its parameters, both in lower case but for parameter values. */
export function mediaRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim())
  const parameters = rest.flatMap((part): [string, string][] => {
    const at = part.indexOf('=')
    return at < 0 ? [] : [[part.slice(0, at).toLowerCase(), part.slice(at + 1).replaceAll('"', '')]]
  })
  return { type: type.toLowerCase(), parameters: new Map(parameters) }
}
