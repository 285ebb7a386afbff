// The instance's certificate authority, kept in its data directory so that a kubeconfig written once stays good, and the API's token.

import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import type { DataDir } from '../host/data-dir.ts'
import { HostError } from '../host/host-error.ts'
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
// Anything else in the file is no secret of ours; an empty one would let everybody in.
const TOKEN_SHAPE = /^[\w-]{32,}$/
const HOSTS = ['127.0.0.1', 'localhost', '::1', 'kubernetes.default.svc']

/** The identity of the directory, made at first use; the server's certificate is new at each start. */
export function apiIdentity(dir: DataDir, now: Millis): ApiIdentity {
  const authority = authorityOf(dir, now)
  const kept = dir.read(TOKEN)?.trim() ?? ''
  const token = TOKEN_SHAPE.test(kept) ? kept : randomBytes(24).toString('base64url')
  dir.write(TOKEN, `${token}\n`)
  const server = issueServer(authority, 'serin', HOSTS, { from: now - DAY, until: now + 365 * DAY })
  return { server, authority: authority.certificate, token }
}

function authorityOf(dir: DataDir, now: Millis): Identity {
  const kept = dir.read(AUTHORITY)
  if (kept !== undefined) return readAuthority(kept, dir.file(AUTHORITY))
  const made = createAuthority('serin', { from: now - DAY, until: now + 3650 * DAY })
  dir.write(AUTHORITY, JSON.stringify(made))
  return made
}

function readAuthority(text: string, path: string): Identity {
  try {
    const { key, certificate } = JSON.parse(text) as Identity // checked in the next line
    if (createPrivateKey(key).asymmetricKeyType !== undefined && new X509Certificate(certificate).ca) return { key, certificate }
  } catch {
    // Said below, in the same words whatever is wrong.
  }
  throw new HostError(
    'storage',
    `${path} is damaged: remove it, and a new authority is made (copies of the kubeconfig then need the new one)`
  )
}
