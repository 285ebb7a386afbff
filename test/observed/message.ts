// A reader of HTTP/1.1 messages for the echo servers and the client of the replay: independent of the plane's scanner, and lenient, as it
// has to show what came and not to judge it. Text is latin1, byte for byte.

/** A message as far as it came. */
export interface Message {
  readonly first: string
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  body: string
  complete: boolean
}

/** All values of a field, in order. */
export function valuesOf(message: Pick<Message, 'headers'>, name: string): string[] {
  return message.headers.filter(([other]) => other === name).map(([, value]) => value)
}

/** How the body of a message ends. */
type Framing = { readonly kind: 'length'; left: number } | { readonly kind: 'chunked' } | { readonly kind: 'close' }

/** Cuts what one connection sends into messages. Owns the bytes not yet used. */
export class MessageReader {
  /** The message in progress: its head is complete. */
  current: Message | undefined
  #text = ''
  #framing: Framing = { kind: 'length', left: 0 }
  readonly #framingOf: (message: Message) => 'none' | 'own' | 'close'
  readonly #onMessage: (message: Message) => void

  /** `framingOf`: whether a message has no body, one by its own fields, or one that may end with the connection. */
  constructor(framingOf: (message: Message) => 'none' | 'own' | 'close', onMessage: (message: Message) => void) {
    this.#framingOf = framingOf
    this.#onMessage = onMessage
  }

  push(bytes: Buffer): void {
    this.#text += bytes.toString('latin1')
    while (this.#step());
  }

  /** The connection is closed: completes a body that ends so. */
  end(): void {
    if (this.current !== undefined && this.#framing.kind === 'close') this.#finish(this.current)
  }

  // Uses up bytes; false when more must come first.
  #step(): boolean {
    const message = this.current
    if (message === undefined) return this.#head()
    switch (this.#framing.kind) {
      case 'length':
        return this.#plain(message, this.#framing)
      case 'chunked':
        return this.#chunk(message)
      case 'close':
        message.body += this.#text
        this.#text = ''
        return false
    }
  }

  #head(): boolean {
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return false
    const [first = '', ...lines] = this.#text.slice(0, end).split('\r\n')
    this.#text = this.#text.slice(end + 4)
    // Interim answers are no answers.
    if (first.startsWith('HTTP/1.1 1') && !first.startsWith('HTTP/1.1 101')) return true
    const headers = lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    })
    const message: Message = { first, headers, body: '', complete: false }
    this.current = message
    this.#framing = this.#framingFor(message)
    return true
  }

  #framingFor(message: Message): Framing {
    const how = this.#framingOf(message)
    if (how === 'none') return { kind: 'length', left: 0 }
    if (valuesOf(message, 'transfer-encoding').length > 0) return { kind: 'chunked' }
    const [length] = valuesOf(message, 'content-length')
    return length === undefined && how === 'close' ? { kind: 'close' } : { kind: 'length', left: Number(length ?? 0) }
  }

  #plain(message: Message, framing: { left: number }): boolean {
    const piece = this.#text.slice(0, framing.left)
    message.body += piece
    framing.left -= piece.length
    this.#text = this.#text.slice(piece.length)
    if (framing.left > 0) return false
    this.#finish(message)
    return this.#text !== ''
  }

  #chunk(message: Message): boolean {
    const end = this.#text.indexOf('\r\n')
    if (end < 0) return false
    const size = Number.parseInt(this.#text.slice(0, end), 16)
    if (this.#text.length < end + 4 + size) return false
    message.body += this.#text.slice(end + 2, end + 2 + size)
    this.#text = this.#text.slice(end + 4 + size)
    if (size === 0) this.#finish(message)
    return this.#text !== ''
  }

  #finish(message: Message): void {
    this.current = undefined
    message.complete = true
    this.#onMessage(message)
  }
}
