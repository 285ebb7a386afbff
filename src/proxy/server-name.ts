// The server name that a client of TLS asks for, read from the first bytes of its connection (RFC 8446, sections 4.1.2 and 5.1; RFC 6066, 3).

/** What the bytes so far say: not all of the hello is there, or its name, '' without one. */
export type ServerName = { readonly kind: 'more' } | { readonly kind: 'read'; readonly name: string }

/** A hello that does not end within so many bytes is not read: the client is taken for one that names nobody. */
export const HELLO_MAX = 16_384

const MORE: ServerName = { kind: 'more' }
const NOBODY: ServerName = { kind: 'read', name: '' }
const HANDSHAKE = 22
const CLIENT_HELLO = 1
const RECORD_HEAD = 5
const MESSAGE_HEAD = 4
/** Version and random. */
const FIXED = 2 + 32
/** Nobody needs more of them for one hello. */
const RECORDS_MAX = 8
const SERVER_NAME = 0
const HOST_NAME = 0

/** The server name, in lower case. Bytes that are not TLS name nobody. */
export function readServerName(bytes: Buffer): ServerName {
  const hello = helloOf(bytes)
  if (hello === undefined) return NOBODY
  if (hello === 'more') return bytes.length < HELLO_MAX ? MORE : NOBODY
  return { kind: 'read', name: nameIn(hello) }
}

/** The body of the hello, which may be cut into several records. */
function helloOf(bytes: Buffer): Buffer | 'more' | undefined {
  const parts: Buffer[] = []
  let length = 0
  for (let at = 0; parts.length < RECORDS_MAX;) {
    if (bytes.length > at && bytes[at] !== HANDSHAKE) return undefined
    if (bytes.length < at + RECORD_HEAD) return 'more'
    const end = at + RECORD_HEAD + bytes.readUInt16BE(at + 3)
    const part = bytes.subarray(at + RECORD_HEAD, end)
    if (end === at + RECORD_HEAD) return undefined
    parts.push(part)
    length += part.length
    const message = parts.length === 1 ? part : Buffer.concat(parts, length)
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return undefined
    if (message.length >= MESSAGE_HEAD) {
      const whole = MESSAGE_HEAD + message.readUIntBE(1, 3)
      if (message.length >= whole) return message.subarray(MESSAGE_HEAD, whole)
    }
    if (bytes.length < end) return 'more'
    at = end
  }
  return undefined
}

function nameIn(hello: Buffer): string {
  const cursor = new Cursor(hello, FIXED)
  cursor.skip(1)
  cursor.skip(2)
  cursor.skip(1)
  const extensions = cursor.take(2)
  while (extensions.left > 0) {
    const type = extensions.number(2)
    const content = extensions.take(2)
    if (type !== SERVER_NAME) continue
    const list = content.take(2)
    const name = list.number(1) === HOST_NAME ? list.take(2).text().toLowerCase() : ''
    return PLAIN.test(name) ? name : ''
  }
  return ''
}

/** It is compared and logged: nothing else belongs into a name. */
const PLAIN = /^[\w.-]{1,255}$/

/** Reads fields of which each says its own length; past the end there is nothing. */
class Cursor {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get left(): number {
    return Math.max(0, this.#bytes.length - this.#at)
  }

  number(size: number): number {
    const value = this.left < size ? 0 : this.#bytes.readUIntBE(this.#at, size)
    this.#at += size
    return value
  }

  /** A field with `size` bytes of length before it. */
  take(size: number): Cursor {
    const length = this.number(size)
    const start = this.#at
    this.#at += length
    return new Cursor(this.#bytes.subarray(start, start + length))
  }

  skip(size: number): void {
    this.take(size)
  }

  text(): string {
    return this.#bytes.toString('latin1', this.#at)
  }
}
