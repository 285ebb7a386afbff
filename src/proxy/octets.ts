// Classes of octets and comparison of ranges of bytes with known names. No allocation, no strings.

function table(accepts: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (accepts(octet) ? 1 : 0))
}

const isToken = (octet: number): boolean => octet > 0x20 && octet < 0x7f && !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(octet))

/** tchar of RFC 9110 5.6.2. */
export const TOKEN = table(isToken)
/** Method: a token without lower-case letters. */
export const METHOD = table((octet) => isToken(octet) && !(octet >= 0x61 && octet <= 0x7a))
/** Field value: visible, space, tab and obs-text; no control characters. */
export const VALUE = table((octet) => octet === 9 || (octet >= 0x20 && octet !== 0x7f))
/** Request target: visible ASCII without the fragment mark. */
export const TARGET = table((octet) => octet > 0x20 && octet < 0x7f && octet !== 0x23)
/** Authority: registered names, addresses and a port; no userinfo, no list. */
export const AUTHORITY = table((octet) => isToken(octet) || octet === 0x3a || octet === 0x5b || octet === 0x5d)

/** Between the members of a list: comma, space and tab. */
export const SEPARATOR = table((octet) => octet === 0x2c || octet === 32 || octet === 9)

/** Optional white space of RFC 9110 5.6.3. */
export const BLANK = table((octet) => octet === 32 || octet === 9)

/** Value of a hexadecimal digit, 255 for every other octet. */
export const HEX = Uint8Array.from({ length: 256 }, (_, octet) => {
  const value = Number.parseInt(String.fromCharCode(octet), 16)
  return Number.isNaN(value) ? 255 : value
})

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** Whether the bytes from `start` spell `lower` (lower-case ASCII), letter case aside. The range must hold that many bytes. */
export function spells(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let at = 0; at < lower.length; at++) {
    // Both indexes are inside their arrays, so neither read is undefined.
    const want = lower[at] as number
    const have = bytes[start + at] as number
    if (have !== want && !(want >= 0x61 && want <= 0x7a && (have | 0x20) === want)) return false
  }
  return true
}

/** The first offset from `at` whose octet is not in the class, or `end`. */
export function skip(octets: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
  let next = at
  while (next < end && octets[bytes[next] as number] === 1) next++
  return next
}

/** The value of a decimal digit; below 0 or above 9 for every other octet. */
export function digit(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) - 0x30
}
