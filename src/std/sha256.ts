// SHA-256 (FIPS 180-4). The core touches no platform API, and what it hashes so is kilobytes now and then; where bytes stream, use node:crypto.

// The first 32 bits of the fractional parts of the cube and square roots of the first primes.
const PRIMES = firstPrimes(64)
const ROUND = PRIMES.map((prime) => fraction(Math.cbrt(prime)))
const INITIAL = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
const BLOCK = 64

/** The SHA-256 of `bytes`, as 64 hex digits. */
export function sha256(bytes: Uint8Array): string {
  const message = padded(bytes)
  const state = Uint32Array.from(INITIAL)
  const words = new Uint32Array(64)
  for (let at = 0; at < message.byteLength; at += BLOCK) {
    for (let index = 0; index < 16; index++) words[index] = message.getUint32(at + index * 4)
    for (let index = 16; index < 64; index++) words[index] = scheduled(words, index)
    compress(state, words)
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

function padded(bytes: Uint8Array): DataView {
  const room = Math.ceil((bytes.length + 9) / BLOCK) * BLOCK
  const message = new Uint8Array(room)
  message.set(bytes)
  message[bytes.length] = 0x80
  const view = new DataView(message.buffer)
  view.setBigUint64(room - 8, BigInt(bytes.length) * 8n)
  return view
}

function scheduled(words: Uint32Array, index: number): number {
  const [early, late] = [word(words, index - 15), word(words, index - 2)]
  const first = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3)
  const second = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10)
  return word(words, index - 16) + first + word(words, index - 7) + second
}

function compress(state: Uint32Array, words: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, index) => word(state, index)) as Eight
  for (let index = 0; index < 64; index++) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + (ROUND[index] ?? 0) + word(words, index)) | 0
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0
    ;[a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g]
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) state[index] = word(state, index) + value
}

type Eight = [number, number, number, number, number, number, number, number]

function word(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}

function turned(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by))
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32)
}

function firstPrimes(count: number): readonly number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return primes
}
