import { expect, it } from 'vitest'
import { NO_LIMITS } from './table-limits.ts'

it('without EnvoyFilters scopes and contents stay as they are', () => {
  const head = { id: 'mesh|80|', kind: 'mesh', port: 80, namespace: '', tls: false } as const
  const content = { host: 'a', httpsRedirect: false, routes: [], broken: false }
  expect([NO_LIMITS.scopeOf(head), NO_LIMITS.contentOf(head, content), NO_LIMITS.inboundOf([], [])]).toEqual([head, content, {}])
})
