// What a parser made of a stream of bytes, in one form for Node's parser and for ours, so that the two can be compared.

/** Bytes for a parser, and what it must know besides them. */
export interface Stream {
  readonly type: 'request' | 'response'
  readonly bytes: Buffer
  /** The answer is one to HEAD. */
  readonly toHead: boolean
  /** The answer is one to a request that asked for an upgrade. */
  readonly toUpgrade: boolean
}

/** A message whose head was read to its end. Texts are latin1. */
export interface ReadMessage {
  readonly method: string
  readonly target: string
  readonly status: number
  readonly version: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Decoded. */
  body: string
  complete: boolean
  /** Ours are checked and dropped: none are told. */
  readonly trailers: (readonly [name: string, value: string])[]
  /** The connection can be used again, by version and Connection. */
  readonly keep: boolean
}

/**
 * more: it waits for bytes. refused: it stopped at an error. closed: it reads no more, as a message told it. tunnel: what follows is not HTTP.
 */
export type Ending = 'more' | 'refused' | 'closed' | 'tunnel'

/** What was read, and how it ended. */
export interface Reading {
  readonly messages: readonly ReadMessage[]
  readonly ending: Ending
  /** Why it was refused, in the parser's words; Node's begin with the code. */
  readonly reason: string
}

/** A field's value by lower-case name; repeated ones joined. */
export function fieldOf(message: ReadMessage, name: string): string | undefined {
  const found = message.headers.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value)
  return found.length === 0 ? undefined : found.join(', ')
}
