// Bytes of a stream into lines of text: UTF-8 kept whole across chunks, lines bounded, a last line without newline delivered at the end.

import { StringDecoder } from 'node:string_decoder'

// A program that never writes a newline must not fill memory.
const LINE_MAX = 16_384

/** Feeds chunks in; calls `line` per line, without its newline. Lines over 16 kB are cut into pieces. Owns the rest of an open line. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #line: (text: string) => void
  #rest = ''

  constructor(line: (text: string) => void) {
    this.#line = line
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk))
  }

  end(): void {
    this.#take(this.#decoder.end())
    if (this.#rest !== '') this.#line(this.#rest)
    this.#rest = ''
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split('\n')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.#cut(part)
    while (this.#rest.length > LINE_MAX) {
      this.#line(this.#rest.slice(0, LINE_MAX))
      this.#rest = this.#rest.slice(LINE_MAX)
    }
  }

  #cut(text: string): void {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text
    for (let at = 0; at === 0 || at < line.length; at += LINE_MAX) this.#line(line.slice(at, at + LINE_MAX))
  }
}
