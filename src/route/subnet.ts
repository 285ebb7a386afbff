// Whether an IPv4 address is in a range as rules write it: Services have no other addresses here, so ranges of IPv6 contain none of them.

/** Whether `address` is the address or in the CIDR range `range`; anything that is no IPv4 is in none. */
export function isInRange(address: string, range: string): boolean {
  const [base = '', length = '32'] = range.split('/')
  const [a, b, bits] = [numberOf(address), numberOf(base), Number(length)]
  if (a === undefined || b === undefined || !Number.isInteger(bits) || bits < 0 || bits > 32) return false
  const size = 2 ** (32 - bits)
  return Math.floor(a / size) === Math.floor(b / size)
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}
