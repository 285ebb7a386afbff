// Recorded cases that fail now, by id, with what is missing: `npm run conformance` counts them as failed.

/** Case id to reason. */
export const KNOWN_FAILURES: Readonly<Record<string, string>> = {
  'wait-crd': 'CRD status and descriptions as stored',
  'crd-apply': 'CRD conditions come at once, not after the answer',
  'crd-delete': 'a CRD is deleted at once, without a finalizer',
  events: 'empty fields that a real server always writes',
  'events-types': 'empty fields that a real server always writes'
}
