// Ids for requests that come without one: random UUIDs, written into the line that carries them. Random bytes are drawn for many ids at a
// time; a line is one flat string, where joining the parts of a UUID makes a dozen (bench/README.md).

import { randomFillSync } from 'node:crypto'

const NAME = 'x-request-id: '
const BYTES_PER_ID = 16
const bytes = Buffer.alloc(256 * BYTES_PER_ID)
const line = Buffer.from(`${NAME}00000000-0000-0000-0000-000000000000\r\n`, 'latin1')
const DIGITS = Buffer.from('0123456789abcdef', 'latin1')
/** Where the digits of each byte go. */
const PLACES = Uint8Array.from([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34], (place) => NAME.length + place)

let at = bytes.length

function write(): void {
  if (at === bytes.length) {
    randomFillSync(bytes)
    at = 0
  }
  // Version 4, variant 10 (RFC 9562 5.4).
  bytes[at + 6] = ((bytes[at + 6] as number) & 0x0f) | 0x40
  bytes[at + 8] = ((bytes[at + 8] as number) & 0x3f) | 0x80
  for (let index = 0; index < BYTES_PER_ID; index++) {
    const octet = bytes[at + index] as number
    const place = PLACES[index] as number
    line[place] = DIGITS[octet >> 4] as number
    line[place + 1] = DIGITS[octet & 15] as number
  }
  at += BYTES_PER_ID
}

/** A new id as a header line, ended by CR LF. */
export function requestIdLine(): string {
  write()
  return line.toString('latin1')
}

/** A new id alone. */
export function requestId(): string {
  write()
  return line.toString('latin1', NAME.length, line.length - 2)
}
