import { expect, test } from 'vitest'
import { OUTBOUND_RULES, refusalOf } from './outbound-rules.ts'

const METADATA = [
  ['169.254.169.254', 'AWS, Google, Azure, Oracle'],
  ['169.254.170.2', 'credentials of AWS containers'],
  ['168.63.129.16', "Azure's wire server"],
  ['100.100.100.200', 'Alibaba'],
  ['fd00:ec2::254', 'AWS over IPv6'],
  ['fd20:ce::254', 'Google over IPv6'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with a zone'],
  ['febf::1', 'the last of fe80::/10'],
  ['::ffff:169.254.169.254', 'IPv4-mapped'],
  ['::ffff:a9fe:a9fe', 'IPv4-mapped in hexadecimal'],
  ['::a9fe:a9fe', 'IPv4-compatible'],
  ['64:ff9b::a9fe:a9fe', 'NAT64'],
  ['64:ff9b:1:0:0:0:a9fe:a9fe', 'local NAT64'],
  ['::ffff:0:a9fe:a9fe', 'IPv4-translated'],
  ['2002:a9fe:a9fe::1', '6to4']
] as const

test.each(METADATA)('%s (%s) is refused, unless it is allowed', (address) => {
  expect(refusalOf(address, OUTBOUND_RULES)).toContain('link-local or metadata address')
  expect(refusalOf(address, { ...OUTBOUND_RULES, linkLocal: 'allowed' })).toBeUndefined()
})

test.each(['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '2002:7f00:1::'])(
  '%s is this machine, open by default',
  (address) => {
    expect(refusalOf(address, OUTBOUND_RULES)).toBeUndefined()
    expect(refusalOf(address, { ...OUTBOUND_RULES, loopback: 'refused' })).toContain('is this machine')
  }
)

test.each(['10.0.0.1', '192.168.0.1', '8.8.8.8', '169.253.255.255', '2001:db8::1', 'fec0::1', '64:ff9b::808:808', '::ffff:8.8.8.8'])(
  '%s is open',
  (address) => {
    expect(refusalOf(address, { ...OUTBOUND_RULES, loopback: 'refused' })).toBeUndefined()
  }
)

test('what is no address is refused', () => {
  expect(refusalOf('metadata', OUTBOUND_RULES)).toBe('metadata is not an address')
})
