// Which addresses a URL that a stranger wrote may lead to. Cloud metadata services give credentials to who asks from the inside: their
// addresses are refused in every spelling, by name as well, as the address a connection would go to is what is judged.

import { BlockList, isIP } from 'node:net'

/** Where outgoing calls may go. */
export interface OutboundRules {
  /** Link-local and metadata addresses. */
  readonly linkLocal: 'refused' | 'allowed'
  /** This machine: loopback and unspecified addresses. */
  readonly loopback: 'refused' | 'allowed'
  /** Redirects to the host that was called are followed; to others only with `any`, as Flagger does. */
  readonly redirects: 'same-host' | 'any'
}

/** Pods are processes of this machine, so that loopback is open. */
export const OUTBOUND_RULES: OutboundRules = { linkLocal: 'refused', loopback: 'allowed', redirects: 'same-host' }

/** Why an address is out of bounds; undefined when it is not. `address` is an IPv4 or IPv6 address without brackets. */
export function refusalOf(address: string, rules: OutboundRules): string | undefined {
  const family = isIP(address)
  if (family === 0) return `${address} is not an address`
  const inside = embeddedIPv4(address)
  const known = (list: BlockList): boolean =>
    list.check(address, family === 4 ? 'ipv4' : 'ipv6') || (inside !== undefined && list.check(inside, 'ipv4'))
  if (rules.linkLocal === 'refused' && known(LINK_LOCAL)) return `${address} is a link-local or metadata address, which is not called`
  if (rules.loopback === 'refused' && known(LOOPBACK)) return `${address} is this machine, which is not called`
  return undefined
}

const LINK_LOCAL = listOf(
  [
    ['169.254.0.0', 16],
    // Azure, Alibaba and Oracle.
    ['168.63.129.16', 32],
    ['100.100.100.200', 32],
    ['192.0.0.192', 32]
  ],
  [
    ['fe80::', 10],
    // Metadata over IPv6: AWS (also as DNS and time, fd00:ec2::/32), Google, Oracle, Scaleway.
    ['fd00:ec2::', 32],
    ['fd20:ce::', 32],
    ['fd00:c1::', 32],
    ['fd00:42::', 32]
  ]
)
const LOOPBACK = listOf(
  [
    ['127.0.0.0', 8],
    ['0.0.0.0', 8]
  ],
  [
    ['::1', 128],
    ['::', 128]
  ]
)

type Subnet = readonly [address: string, bits: number]

function listOf(v4: readonly Subnet[], v6: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [address, bits] of v4) list.addSubnet(address, bits, 'ipv4')
  for (const [address, bits] of v6) list.addSubnet(address, bits, 'ipv6')
  return list
}

// IPv4 in IPv6: mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96, 64:ff9b:1::/48, ::ffff:0:0:0/96) and 6to4.
function embeddedIPv4(address: string): string | undefined {
  const groups = groupsOf(address)
  if (groups === undefined) return undefined
  const head = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':')
  if (head.startsWith('2002:')) return dotted(groups[1], groups[2])
  const translated = ['0:0:0:0:0:0', '0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0'].includes(head) || head.startsWith('64:ff9b:1:')
  return translated && !isShort(groups) ? dotted(groups[6], groups[7]) : undefined
}

// :: and ::1 are addresses of their own.
function isShort(groups: readonly number[]): boolean {
  return groups.slice(0, 7).every((group) => group === 0) && (groups[7] ?? 0) <= 1
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function groupsOf(address: string): readonly number[] | undefined {
  const host = isIP(address) === 6 ? address.replace(/%.*$/, '') : ''
  const url = `http://[${host}]/`
  if (host === '' || !URL.canParse(url)) return undefined
  const [left = '', right] = new URL(url).hostname.slice(1, -1).split('::')
  const [before, after] = [left, right ?? ''].map((half) => (half === '' ? [] : half.split(':').map((group) => parseInt(group, 16))))
  if (before === undefined || after === undefined) return undefined
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}
