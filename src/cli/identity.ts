// The instance's certificate authority, kept in its data directory so that a kubeconfig written once stays good, and the API's token.

import { randomBytes } from 'node:crypto'
import type { DataDir } from '../host/data-dir.ts'
import { createAuthority, type Identity, issueServer } from '../server/certificate.ts'
import type { Millis } from '../std/clock.ts'

/** What the API presents and what its clients must present. */
export interface ApiIdentity {
  readonly server: Identity
  /** PEM of the authority. */
  readonly authority: string
  readonly token: string
}

const DAY: Millis = 86_400_000
const AUTHORITY = 'ca.json'
const TOKEN = 'token'
const HOSTS = ['127.0.0.1', 'localhost', '::1', 'kubernetes.default.svc']

/** The identity of the directory, made at first use; the server's certificate is new at each start. */
export function apiIdentity(dir: DataDir, now: Millis): ApiIdentity {
  const authority = authorityOf(dir, now)
  const token = dir.read(TOKEN)?.trim() ?? randomBytes(24).toString('base64url')
  dir.write(TOKEN, `${token}\n`)
  const server = issueServer(authority, 'serin', HOSTS, { from: now - DAY, until: now + 365 * DAY })
  return { server, authority: authority.certificate, token }
}

function authorityOf(dir: DataDir, now: Millis): Identity {
  const kept = dir.read(AUTHORITY)
  // written below by an earlier run, in a directory only its user can write
  if (kept !== undefined) return JSON.parse(kept) as Identity
  const made = createAuthority('serin', { from: now - DAY, until: now + 3650 * DAY })
  dir.write(AUTHORITY, JSON.stringify(made))
  return made
}
