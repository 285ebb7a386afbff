// FNV-1a (Fowler, Noll, Vo) with 64 bits, as 16 hex digits. In two halves of 32 bits: BigInt takes more than ten times as long, and
// revisions are hashed in every look at a rollout.

const LOW_OF_PRIME = 0x1b3
const UTF8 = new TextEncoder()

/** The hash of the text's UTF-8. Another `seed` (a small integer) gives another hash; 0 the usual one. */
export function fnv1a64(text: string, seed = 0): string {
  let high = 0xcbf29ce4 | 0
  let low = 0x84222325 ^ seed
  // Texts of ASCII alone, which nearly all are, are their own bytes.
  const bytes = isAscii(text) ? undefined : UTF8.encode(text)
  const length = bytes?.length ?? text.length
  for (let at = 0; at < length; at++) {
    const mixed = low ^ (bytes === undefined ? text.charCodeAt(at) : (bytes[at] ?? 0))
    // The prime is 2 to the 40th and 0x1b3: the low half reaches the high one by 8 bits, and by what is carried over.
    const carried = ((mixed >>> 16) * LOW_OF_PRIME + (((mixed & 0xffff) * LOW_OF_PRIME) >>> 16)) >>> 16
    high = (Math.imul(high, LOW_OF_PRIME) + (mixed << 8) + carried) | 0
    low = Math.imul(mixed, LOW_OF_PRIME)
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** Ten letters that follow from `text`. */
export function lettersOf(text: string): string {
  let left = BigInt(`0x${fnv1a64(text)}`)
  let letters = ''
  while (letters.length < 10) {
    letters += LETTERS[Number(left % 52n)] ?? ''
    left /= 52n
  }
  return letters
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
