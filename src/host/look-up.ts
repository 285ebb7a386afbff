// Addresses of names as the machine knows them: its hosts file and resolver decide, as for any program; how long an answer holds is asked of
// the name servers beside it, which is all they are asked for.

import { type LookupAddress, type RecordWithTtl, promises as dns } from 'node:dns'

/** An answer for a name: addresses, and how many milliseconds they hold, where that is known. */
export interface LookedUp {
  readonly addresses: readonly string[]
  readonly ttl: number | undefined
}

/** Where answers come from: the system by default. */
export interface Sources {
  readonly lookup: (name: string) => Promise<readonly LookupAddress[]>
  readonly records: (name: string) => Promise<readonly RecordWithTtl[]>
}

const TTL_WAIT = 1000

/** The system's own. */
export function systemSources(): Sources {
  const resolver = new dns.Resolver({ timeout: TTL_WAIT, tries: 1 })
  return { lookup: (name) => dns.lookup(name, { all: true, order: 'verbatim' }), records: (name) => resolver.resolve4(name, { ttl: true }) }
}

// What says that there is no such name; anything else says that it cannot be told now.
const NO_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA'])

/** The IPv4 addresses of a name, else its IPv6 addresses; none when there is no such name. Rejects when that cannot be told. */
export async function lookUp(name: string, sources: Sources = systemSources()): Promise<LookedUp> {
  const [found, records] = await Promise.all([addressesOf(name, sources), sources.records(name).catch(() => [])])
  const ipv4 = found.filter(({ family }) => family === 4)
  const addresses = (ipv4.length > 0 ? ipv4 : found).map(({ address }) => address)
  const told = records.filter(({ address }) => addresses.includes(address))
  const ttl = told.length === 0 || told.length < addresses.length ? undefined : Math.min(...told.map((record) => record.ttl)) * 1000
  return { addresses: [...new Set(addresses)], ttl }
}

async function addressesOf(name: string, sources: Sources): Promise<readonly LookupAddress[]> {
  try {
    return await sources.lookup(name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_NAME.has(error.code)) return []
    throw error
  }
}
