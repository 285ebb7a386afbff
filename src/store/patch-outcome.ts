// What applying a patch to a document gives: the new document, or why the patch does not fit. Shared by the three kinds of patch.

/** `fault`: `malformed` when the patch itself is not one (400), `unfit` when it does not fit the document (422). */
export type PatchOutcome =
  | { readonly kind: 'patched'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly fault: 'malformed' | 'unfit'; readonly message: string }

/** The words for a patch that is not of the JSON type a Go server reads it into. */
export function notDecoded(patch: unknown, wanted: string): string {
  const given = Array.isArray(patch) ? 'array' : patch === null ? 'null' : JSON_TYPES[typeof patch]
  return `json: cannot unmarshal ${given} into Go value of type ${wanted}`
}

const JSON_TYPES: Readonly<Record<string, string>> = { object: 'object', string: 'string', number: 'number', boolean: 'bool' }
