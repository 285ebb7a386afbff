// What applying a patch to a document gives: the new document, or why the patch does not fit. Shared by the three kinds of patch.

/**
 * `fault`: `malformed` when the patch itself is not one (400), `unfit` when it does not fit the document (422; 500 for a strategic one),
 * `rejected` when a strategic one asks for what cannot be (422 without its reason).
 */
export type PatchOutcome =
  | { readonly kind: 'patched'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly fault: 'malformed' | 'unfit' | 'rejected'; readonly message: string }
