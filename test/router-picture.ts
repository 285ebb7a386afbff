// A router as plain data, for tests that compare two.

import type { Router } from '../src/route/router.ts'

/** What of a router decides: everything but positions and caches. */
export function routerPicture(router: Router): unknown {
  return {
    version: router.version,
    sourceLabels: router.sourceLabels,
    scopes: [...router.scopes.values()]
      .map(({ scope, exact, suffixes, star }) => ({
        scope,
        exact: [...exact].map(([host, slot]) => [host, slot.entry?.id].join(' ')).toSorted(byText),
        suffixes: [...suffixes].map(([host, slot]) => [host, slot.entry?.id].join(' ')).toSorted(byText),
        star: star?.entry?.id
      }))
      .toSorted((a, b) => (a.scope.id < b.scope.id ? -1 : 1)),
    entries: [...router.entries.values()].map(({ entry }) => entry).toSorted((a, b) => ((a?.id ?? '') < (b?.id ?? '') ? -1 : 1)),
    clusters: [...router.clusters.values()].map(({ cluster }) => cluster).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}
