// The connections to one API server: TLS by the kubeconfig, kept alive, through a proxy where it names one. Made anew when the client
// certificate or the authority changes; requests under way keep theirs.

import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { Millis } from '../std/clock.ts'
import type { Credential } from './credentials.ts'
import type { Access } from './kubeconfig.ts'

const CONNECT_MAX: Millis = 10_000
const HEAD_MAX = 64 * 1024

/** What the TLS of a connection is made of, as texts. */
export interface TlsTexts {
  readonly authority: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
}

/** Owns the connections. */
export class Connections {
  readonly #access: Access
  #open: { readonly texts: TlsTexts; readonly dispatcher: Dispatcher } | undefined

  constructor(access: Access) {
    this.#access = access
  }

  /** Where to send the next request. */
  for({ certificate, key }: Credential, authority: string | undefined): Dispatcher {
    const open = this.#open
    if (open !== undefined && open.texts.authority === authority && open.texts.certificate === certificate && open.texts.key === key) {
      return open.dispatcher
    }
    // What still runs over the old connections ends by itself.
    if (open !== undefined) void open.dispatcher.close()
    const texts: TlsTexts = { authority, certificate, key }
    this.#open = { texts, dispatcher: dispatcherOf(this.#access, texts) }
    return this.#open.dispatcher
  }

  /** Ends all connections and what runs over them. */
  async close(): Promise<void> {
    await this.#open?.dispatcher.destroy()
    this.#open = undefined
  }
}

function dispatcherOf({ server, trust, proxy }: Access, { authority, certificate, key }: TlsTexts): Dispatcher {
  const tls = {
    rejectUnauthorized: !trust.unchecked,
    timeout: CONNECT_MAX,
    allowH2: false,
    ...(authority !== undefined && { ca: authority }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(trust.serverName !== undefined && { servername: trust.serverName })
  }
  // Times are the caller's: a watch may be silent for as long as it asked for.
  const common = { allowH2: false, maxHeaderSize: HEAD_MAX, headersTimeout: 0, bodyTimeout: 0 }
  if (proxy === undefined) return new Agent({ ...common, connect: tls })
  return new ProxyAgent({ ...common, uri: proxy, requestTls: tls, proxyTunnel: server.startsWith('https:') })
}
