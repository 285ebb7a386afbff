// A request head as it goes upstream, read again as the receiving side sees it.

import type { RequestFacts } from '../route/request-facts.ts'

/** Facts of a head's text: a request line and header lines, each ended by CR LF. */
export class SentHead implements RequestFacts {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly scheme = 'http'
  readonly remote: string
  readonly local: string
  readonly #text: string
  #fields: Map<string, string[]> | undefined

  constructor(text: string, about: Pick<RequestFacts, 'method' | 'path' | 'authority' | 'remote' | 'local'>) {
    this.#text = text
    this.method = about.method
    this.path = about.path
    this.authority = about.authority
    this.remote = about.remote
    this.local = about.local
  }

  header(name: string): string | undefined {
    const lines = this.lines(name)
    return lines.length === 0 ? undefined : lines.join(name === 'cookie' ? '; ' : ',')
  }

  lines(name: string): readonly string[] {
    this.#fields ??= read(this.#text)
    return this.#fields.get(name) ?? []
  }
}

function read(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  for (const line of text.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const lines = fields.get(name) ?? []
    fields.set(name, lines)
    lines.push(line.slice(colon + 1).trim())
  }
  return fields
}
