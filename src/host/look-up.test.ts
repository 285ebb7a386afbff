import type { LookupAddress, RecordWithTtl } from 'node:dns'
import { expect, test } from 'vitest'
import { lookUp } from './look-up.ts'
import type { LookedUp } from './look-up.ts'

function asked(found: readonly LookupAddress[] | Error, records: readonly RecordWithTtl[] | Error): Promise<LookedUp> {
  const give = async <T>(value: T | Error): Promise<T> => {
    if (value instanceof Error) throw value
    return value
  }
  return lookUp('a.example', { lookup: () => give(found), records: () => give(records) })
}

const four = (address: string): LookupAddress => ({ address, family: 4 })
const FAILED = Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' })

test('an answer holds as long as the shortest of its records', async () => {
  const records = [
    { address: '10.0.0.2', ttl: 30 },
    { address: '10.0.0.1', ttl: 20 }
  ]
  expect(await asked([four('10.0.0.2'), four('10.0.0.1')], records)).toEqual({ addresses: ['10.0.0.2', '10.0.0.1'], ttl: 20_000 })
})

test.each<[string, readonly RecordWithTtl[] | Error]>([
  ['name servers say something else (a hosts file)', [{ address: '192.0.2.1', ttl: 30 }]],
  ['name servers do not answer', FAILED]
])('when %s the addresses are those of the system, and nobody knows how long', async (_, records) => {
  expect(await asked([four('10.0.0.1')], records)).toEqual({ addresses: ['10.0.0.1'], ttl: undefined })
})

test('IPv4 comes before IPv6, which counts where there is nothing else; an address is named once', async () => {
  const six = { address: '::1', family: 6 }
  expect((await asked([six, four('127.0.0.1'), four('127.0.0.1')], [])).addresses).toEqual(['127.0.0.1'])
  expect((await asked([six], [])).addresses).toEqual(['::1'])
})

test('no such name has no addresses; what cannot be told is an error', async () => {
  const none = Object.assign(new Error('getaddrinfo ENOTFOUND a.example'), { code: 'ENOTFOUND' })
  expect(await asked(none, none)).toEqual({ addresses: [], ttl: undefined })
  const later = Object.assign(new Error('getaddrinfo EAI_AGAIN a.example'), { code: 'EAI_AGAIN' })
  await expect(asked(later, FAILED)).rejects.toThrow('EAI_AGAIN')
})

test('localhost is known to the machine itself', async () => {
  expect((await lookUp('localhost')).addresses.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true)
})
