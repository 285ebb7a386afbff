// Outlier detection for tests: Istio's defaults, but that every endpoint may be ejected.

import type { Outlier } from '../src/route/route-table.ts'

/** `errors`: after so many failures in a row; the other kinds as by default. */
export function outlierOf(more: Partial<Outlier> = {}): Outlier {
  return {
    interval: 10_000,
    baseEjection: 30_000,
    maxEjection: 300_000,
    maxPercent: 100,
    errors: { errors: 5, enforced: true },
    gateway: { errors: 5, enforced: false },
    localOrigin: undefined,
    ...more
  }
}
