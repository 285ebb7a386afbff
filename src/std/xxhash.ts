// xxHash64, the hash behind sticky routing and hash rings (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Written with BigInt: keys are
// short, and a hash is made once for a request that asks for stickiness or once for a point of a ring.

const MASK = 0xffffffffffffffffn
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

/** The 64-bit hash of `text`, whose characters are bytes (latin1, as headers are read; the high byte of others is ignored). */
export function xxHash64(text: string, seed = 0n): bigint {
  const { length } = text
  let at = 0
  let hash = (seed + P5) & MASK
  if (length >= 32) {
    const lanes: [bigint, bigint, bigint, bigint] = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed & MASK, (seed - P1) & MASK]
    for (; at + 32 <= length; at += 32)
      for (const lane of [0, 1, 2, 3] as const) lanes[lane] = round(lanes[lane], word(text, at + lane * 8))
    hash = (rotate(lanes[0], 1n) + rotate(lanes[1], 7n) + rotate(lanes[2], 12n) + rotate(lanes[3], 18n)) & MASK
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(length)) & MASK
  for (; at + 8 <= length; at += 8) hash = (rotate(hash ^ round(0n, word(text, at)), 27n) * P1 + P4) & MASK
  if (at + 4 <= length) {
    hash = (rotate(hash ^ ((BigInt(half(text, at)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < length; at += 1) hash = (rotate(hash ^ ((BigInt(text.charCodeAt(at) & 0xff) * P5) & MASK), 11n) * P1) & MASK
  return avalanche(hash)
}

function avalanche(hash: bigint): bigint {
  const first = ((hash ^ (hash >> 33n)) * P2) & MASK
  const second = ((first ^ (first >> 29n)) * P3) & MASK
  return second ^ (second >> 32n)
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * P2) & MASK, 31n) * P1) & MASK
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK
}

/** Four bytes, the first the lowest. */
function half(text: string, at: number): number {
  const low = (text.charCodeAt(at) & 0xff) | ((text.charCodeAt(at + 1) & 0xff) << 8) | ((text.charCodeAt(at + 2) & 0xff) << 16)
  return (low | ((text.charCodeAt(at + 3) & 0xff) << 24)) >>> 0
}

function word(text: string, at: number): bigint {
  return (BigInt(half(text, at + 4)) << 32n) | BigInt(half(text, at))
}
