// The embedded API under test: one HTTPS listener, a new empty store for each case, controllers and garbage collection off.

import { Agent } from 'node:https'
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/host/system-clock.ts'
import { seeded } from '../../src/std/draw.ts'
import { KINDS, rulesFor } from '../../src/cli/kinds.ts'
import { EmbeddedApi } from '../../src/kube/embedded-api.ts'
import { MemoryJournal } from '../../src/kube/memory-journal.ts'
import type { ApiBackend } from '../../src/server/api-backend.ts'
import { startApiServer } from '../../src/server/api-server.ts'
import { createAuthority, issueServer } from '../../src/server/certificate.ts'
import { type KubectlTarget, readDefinitions } from './kubectl.ts'

const RULES = rulesFor('127.96')

/** Starts the server; `close` stops it. */
export async function startEmbeddedTarget(data: string): Promise<KubectlTarget & { close(): Promise<void> }> {
  const now = Date.now()
  const validity = { from: now - 60_000, until: now + 3_600_000 }
  const authority = createAuthority('conformance', validity)
  const token = randomBytes(16).toString('hex')
  let api = await openApi()
  const backend: ApiBackend = {
    submit: (request) => api.submit(request),
    watch: (request, emit) => api.watch(request, emit),
    kinds: () => api.kinds(),
    resourceVersion: () => api.resourceVersion()
  }
  const server = await startApiServer({
    port: 0,
    identity: issueServer(authority, 'conformance', ['127.0.0.1', 'localhost', '::1', 'kubernetes.default.svc'], validity),
    token,
    backend,
    pods: undefined,
    clock: WALL_CLOCK,
    draw: seeded(1)
  })
  // Idle connections are ended here long before the server does, so that no request meets its end of them.
  const agent = new Agent({ keepAlive: true, timeout: 30_000 })
  return {
    server: { url: server.url, token, authority: authority.certificate, agent },
    kinds: () => api.kinds(),
    definitions: readDefinitions(data),
    fresh: async () => {
      api = await openApi()
    },
    close: () => {
      agent.destroy()
      return server.close()
    }
  }
}

const WALL_CLOCK = systemClock()

async function openApi(): Promise<EmbeddedApi> {
  const api = await EmbeddedApi.open({
    kinds: KINDS,
    rules: RULES,
    journal: new MemoryJournal(),
    clock: WALL_CLOCK,
    draw: seeded(1),
    collect: false
  })
  await api.submit({
    verb: 'create',
    target: { resource: { group: '', version: 'v1', resource: 'namespaces' } },
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } },
    options: {}
  })
  return api
}
